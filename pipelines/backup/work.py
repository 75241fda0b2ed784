"""What both commands work with: settings, time, and copying that can be stopped."""

import hashlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pipelines.config import Settings, read_settings
from pipelines.progress import Lines, reporter
from sources.clio_http.clock import Clock, SystemClock
from sources.errors import Interrupted

from .manifest import FileSum

CHUNK = 1 << 20


@dataclass(frozen=True)
class Work:
    """What a backup is made or verified with."""

    settings: Settings
    clock: Clock
    reporter: Lines
    stop: threading.Event

    @classmethod
    def here(cls, stop: threading.Event) -> Self:
        """Work with this process's settings and clock.

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

    def copy(self, source: Path, target: Path) -> FileSum:
        """Copy a file durably, readable by its owner only; give what was read.

        Raises:
            OSError: it could not be read or written.

        """
        digest, size = hashlib.sha256(), 0
        handle = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with source.open("rb") as read, os.fdopen(handle, "wb") as written:
            while chunk := read.read(CHUNK):
                self.go_on()
                digest.update(chunk)
                size += len(chunk)
                written.write(chunk)
            written.flush()
            os.fsync(written.fileno())
        return FileSum(target.name, size, digest.hexdigest())
