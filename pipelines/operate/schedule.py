"""`clio-sync schedule print`: files that run `clio-sync sync` again and again.

They hold the place of this installation, of the folder with the settings and of the data folder,
and nothing secret. Exit code 4 is no failure in them: the next run goes on.
"""

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pipelines.config import Settings
from pipelines.errors import FileInTheWayError
from pipelines.outcome import Outcome
from pipelines.templates import rendered
from sources.clio_http.clock import Clock
from sources.errors import ConfigurationError

HOUR = 60
CONTROL = 32
SYNC = ("sync",)


@dataclass(frozen=True)
class Installation:
    """Where the command is, the folder it is started in, and the data folder; all absolute."""

    program: str
    folder: str
    data: str

    @classmethod
    def here(cls, settings: Settings) -> Self:
        """Return the places of this process.

        Raises:
            ConfigurationError: one of them holds a character that no schedule can write.

        """
        folder = Path.cwd()
        program = Path(sys.executable).with_name("clio-sync")
        place = cls(str(program), str(folder), str(folder / settings.data_dir))
        for path in vars(place).values():
            if any(ord(char) < CONTROL for char in path):
                message = "a path with a line break or another control character"
                raise ConfigurationError(message)
        return place


def cron_quoted(text: str) -> str:
    """Quote for the shell, in a line of cron, where a per cent sign would end the command."""
    return shlex.quote(text).replace("%", r"\%")


def unit_quoted(text: str) -> str:
    """Quote for a unit file of systemd, where it takes quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{specifiers_kept(escaped)}"'


def specifiers_kept(text: str) -> str:
    """Write a text so that systemd takes no per cent sign in it for one of its specifiers."""
    return text.replace("%", "%%")


FILES: dict[str, tuple[Callable[[str], str], tuple[str, ...]]] = {
    "cron": (cron_quoted, ("clio-sync.cron",)),
    "systemd": (unit_quoted, ("clio-sync.service", "clio-sync.timer")),
    "airflow": (repr, ("clio_sync_airflow.py",)),
    "dagster": (repr, ("clio_sync_dagster.py",)),
    "prefect": (repr, ("clio_sync_prefect.py",)),
}
"""How texts are quoted in each kind of schedule, and the files that it has."""


def filled(kind: str, place: Installation, every: int, words: Sequence[str]) -> dict[str, str]:
    """Return the files that run these words at a place; `every` is in minutes.

    Nothing gets into them but what was written here for their language.
    """
    quote, names = FILES[kind]
    values = {
        "when": f"*/{every} * * * *" if every < HOUR else "0 * * * *",
        "calendar": f"*:0/{every}" if every < HOUR else "hourly",
        "program": quote(place.program),
        "words": " ".join(words),
        "items": ", ".join(map(quote, words)),
        "folder": quote(place.folder),
        "bare": specifiers_kept(place.folder),
        "data": quote(place.data),
        "log": quote(os.path.join(place.data, "sync.log")),  # noqa: PTH118 - text, no file
        "setting": quote(f"CLIO_SYNC__DATA_DIR={place.data}"),
        "command": quote(shlex.join([place.program, *words, "--json"])),
    }
    return {name: rendered(f"operate/schedules/{name}.j2", **values) for name in names}


def run_print(  # noqa: PLR0913 - each is a choice of its own
    kind: str,
    every: int,
    place: Installation,
    clock: Clock,
    out: Path | None = None,
    *,
    words: Sequence[str] = SYNC,
) -> Outcome:
    """Return the files of a kind of schedule, or write them into a folder; it runs `words`.

    Raises:
        FileInTheWayError: one of them is there already; nothing was written.
        ConfigurationError: the folder cannot be written to.

    """
    outcome = Outcome("schedule print", clock.now())
    texts = filled(kind, place, every, words)
    outcome.results = [{"file": name, "text": text} for name, text in texts.items()]
    outcome.text = "\n".join(texts.values())
    if out is not None:
        outcome.text = "".join(f"{path}\n" for path in _write(texts, out))
    return outcome


def _write(texts: dict[str, str], out: Path) -> list[Path]:
    paths = [out / name for name in texts]
    for path in paths:
        if path.exists():
            message = f"{path} is there already"
            raise FileInTheWayError(message)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, text in zip(paths, texts.values(), strict=True):
            path.write_text(text, "utf-8")
    except OSError as error:
        message = f"the files cannot be written into {out} ({error.strerror})"
        raise ConfigurationError(message) from None
    return paths
