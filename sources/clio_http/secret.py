"""Values that must never be shown: what holds, hides and sends them."""

import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

from sources.errors import ClioError, SignInNeededError

SHOWN = "***"
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# Both log whole URLs and headers of requests and answers.
_TALKATIVE = ("httpx", "httpcore", "h11", "urllib3")
_SHORTEST = 4
_IS = r"""["']?\s*[:=,]\s*(?:b?["'])?"""
_WHOLE = r"""[^\s"',;&)}\]]+"""
_PATTERNS = tuple(
    re.compile(f"(?P<kept>{before}){value}", re.IGNORECASE)
    for before, value in (
        (rf"\b(?:proxy-)?authorization{_IS}(?:(?:bearer|basic)\s+)?", _WHOLE),
        (r"\bbearer\s+", r"[\w.~+/=-]+"),
        (rf"(?:access|refresh|id|page)[_-]?token{_IS}", _WHOLE),
        (rf"(?:client[_-]?secret|api[_-]?key|set-cookie|cookie){_IS}", _WHOLE),
    )
)


class Secret:
    """Hold a token so that printing, logging or pickling it shows nothing.

    Whoever needs the value says so with `reveal()`, which is easy to search for.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Take the value to guard."""
        self._value = value

    def __repr__(self) -> str:
        """Show that there is a value, not which."""
        return SHOWN

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        """Ignore the format, which could cut the value into pieces."""
        return SHOWN

    def __eq__(self, other: object) -> bool:
        """Compare two secrets by value."""
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        """Hash by value, as equality does."""
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: traces of failed runs are pickled to disk."""
        message = "a secret cannot be pickled"
        raise TypeError(message)

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value


class RedactingFormatter(logging.Formatter):
    """Formats a record, traceback included, and then takes out what must not be shown."""

    def __init__(self) -> None:
        """Know no secret yet."""
        super().__init__(_FORMAT)
        self._values: set[str] = set()

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


Renew = Callable[[Secret], Secret]
"""Give a newer access token than the one that was refused; where it is kept is not known here.

Raises:
    ClioError: there is none.

"""


class Bearer:
    """Return the token to send, and asks for a newer one at most once for each that was good."""

    def __init__(self, token: Secret, renew: Renew | None = None) -> None:
        """Begin with a token; without `renew` it is the only one."""
        self._token = token
        self._renew = renew
        self._lock = threading.Lock()
        self._untried = False  # the token is a new one that Clio has not taken yet
        self._failure: ClioError | None = None
        register_secret(token)

    @property
    def token(self) -> Secret:
        """Return the token to send."""
        return self._token

    def headers(self, token: Secret) -> Mapping[str, str]:
        """Return the header of a request with a token."""
        # It goes into each request and not into the pool's defaults: nothing that is ever sent to
        # another address can inherit it.
        return {"Authorization": f"Bearer {token.reveal()}"}

    def accepted(self, token: Secret) -> None:
        """Note that Clio took this token."""
        if self._untried and token == self._token:
            self._untried = False

    def newer(self, refused: Secret, refusal: SignInNeededError) -> Secret:
        """Return a newer token than a refused one; threads that ask together get the same.

        Raises:
            ClioError: `refusal` if there is no other token, or why there is none.
        """
        if self._renew is None:
            raise refusal
        with self._lock:
            if self._failure is not None:
                raise self._failure
            if refused == self._token:
                self._replace(self._renew, refusal)
            return self._token

    def _replace(self, renew: Renew, refusal: SignInNeededError) -> None:
        # A new token that is refused before it was ever good would be renewed for ever.
        self._failure = refusal
        if self._untried:
            raise refusal
        try:
            token = renew(self._token)
        except ClioError as error:
            self._failure = error
            raise
        register_secret(token)
        self._token, self._untried, self._failure = token, True, None
