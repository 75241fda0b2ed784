"""What the headers of Clio's answers announce: lists that will end, and another version."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

VERSION = "X-API-VERSION"
DEPRECATED, OTHER_VERSION = "deprecated", "version"
_PLAIN_VERSION = re.compile(r"\d{1,4}(?:\.\d{1,4}){0,3}")


@dataclass(frozen=True)
class Notice:
    """One announcement: the path template it is about (empty for all), its kind, what it says."""

    path: str
    kind: str
    text: str


class Notices:
    """Collects announcements, each once; shared by threads. `asked` is the version asked for."""

    def __init__(self, asked: str = "") -> None:
        """Begin with none."""
        self.asked = asked
        self._lock = threading.Lock()
        self._found: dict[Notice, None] = {}

    @property
    def found(self) -> list[Notice]:
        """Return what was announced, in the order it was first seen."""
        with self._lock:
            return list(self._found)

    def look(self, path: str, headers: Mapping[str, str]) -> None:
        """Note what the headers of an answer announce; their names are in lower case."""
        if "deprecation" in headers or "sunset" in headers:
            self._add(Notice(path, DEPRECATED, _end(headers.get("sunset", ""))))
        version = headers.get(VERSION.lower(), "")
        if self.asked and version != self.asked and _PLAIN_VERSION.fullmatch(version):
            self._add(Notice("", OTHER_VERSION, version))

    def _add(self, notice: Notice) -> None:
        with self._lock:
            self._found[notice] = None


def _end(sunset: str) -> str:
    """Say when a list ends, without a word of the header itself."""
    try:
        return f"ends on {parsedate_to_datetime(sunset).date().isoformat()}"
    except ValueError:
        return "will end"
