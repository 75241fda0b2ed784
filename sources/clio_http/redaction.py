"""Keep tokens out of the log, whoever writes to it."""

import logging
import re
import sys
import traceback
from pathlib import Path

from .secret import SHOWN, Secret

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# Both log whole URLs and headers of requests and answers.
_TALKATIVE = ("httpx", "httpcore", "h11", "urllib3")
_SHORTEST = 4
_PATTERNS = (
    re.compile(
        r"""(?P<kept>\b(?:proxy-)?authorization["']?\s*[:=,]\s*(?:b?["'])?(?:(?:bearer|basic)\s+)?)"""
        r"""[^\s"',;&)}\]]+""",
        re.IGNORECASE,
    ),
    re.compile(r"(?P<kept>\bbearer\s+)[\w.~+/=-]+", re.IGNORECASE),
    re.compile(
        r"""(?P<kept>(?:access|refresh|id|page)[_-]?token["']?\s*[:=,]\s*(?:b?["'])?)[^\s"',;&)}\]]+""",
        re.IGNORECASE,
    ),
    re.compile(
        r"""(?P<kept>(?:client[_-]?secret|api[_-]?key|set-cookie|cookie)["']?\s*[:=,]\s*(?:b?["'])?)"""
        r"""[^\s"',;&)}\]]+""",
        re.IGNORECASE,
    ),
)


class RedactingFormatter(logging.Formatter):
    """Formats a record, traceback included, and then takes out what must not be shown."""

    def __init__(self, secrets: tuple[Secret, ...] = ()) -> None:
        """Take the secrets whose values are known."""
        super().__init__(_FORMAT)
        self._values: set[str] = set()
        for secret in secrets:
            self.register(secret)

    def register(self, secret: Secret) -> None:
        """Take out this value from now on, whatever stands around it."""
        # A very short value would blot out ordinary words.
        if len(secret.reveal()) >= _SHORTEST:
            self._values.add(secret.reveal())

    def format(self, record: logging.LogRecord) -> str:
        """Return the line to write."""
        return redact(super().format(record), frozenset(self._values))


def redact(text: str, values: frozenset[str] = frozenset()) -> str:
    """Replace known secret values, and what looks like one in any letter case."""
    for value in sorted(values, key=len, reverse=True):
        text = re.sub(re.escape(value), SHOWN, text, flags=re.IGNORECASE)
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<kept>{SHOWN}", text)
    return text


_FORMATTER = RedactingFormatter()


def register_secret(secret: Secret) -> None:
    """Keep this value out of every line that the root handler writes."""
    _FORMATTER.register(secret)


def install_logging(debug: bool) -> None:  # noqa: FBT001 - the command line's --debug
    """Send every logger's records through one redacting handler on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_FORMATTER)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    quiet_libraries()


def quiet_libraries() -> None:
    """Cap the loggers of the HTTP libraries, which would write URLs and headers."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def place_of(error: Exception) -> str:
    """Tell of a fault of our own by its kind and its place: its text may quote a record."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
