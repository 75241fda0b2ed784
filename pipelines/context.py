"""What every command works with, made in one place: settings, time, how it tells, when to stop."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sources.clio_http.clock import Clock, SystemClock
from sources.errors import Interrupted

from .config import Settings, read_settings
from .progress import Lines, reporter


@dataclass(frozen=True)
class Context:
    """What a command works with.

    `folder` is where it is run, and where `.dlt/` is looked for; `into_demo` is set by the demo
    alone, whose data folder no other firm is read into.
    """

    settings: Settings
    clock: Clock
    reporter: Lines
    stop: threading.Event
    folder: Path = field(default_factory=Path.cwd)
    into_demo: bool = False

    @classmethod
    def here(cls, stop: threading.Event) -> Self:
        """Return the context of this process.

        Raises:
            ConfigurationError: a setting is not known or cannot be used.

        """
        return cls(read_settings(), SystemClock(stop), reporter(), stop)

    def go_on(self) -> None:
        """Go on, unless the user asked to stop.

        Raises:
            Interrupted: the user did.

        """
        if self.stop.is_set():
            raise Interrupted
