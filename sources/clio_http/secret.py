"""A value that must never be shown."""

from typing import NoReturn

SHOWN = "***"


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
