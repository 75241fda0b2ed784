"""The operating system's keyring, if there is one worth the name."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

import keyring
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.errors import PasswordDeleteError

from pipelines.errors import TokenStoreError

Result = TypeVar("Result")

SERVICE = "clio-sync"
_RECOMMENDED = 1
_NO_KEYRINGS = ("null", "fail", "plaintext")


class KeyringStore:
    """Keeps the sign-in of one product and data folder in a keyring."""

    def __init__(self, ring: KeyringBackend, name: str) -> None:
        """Take the keyring and the name of the entry."""
        self._ring, self._name = ring, name
        self.place = f"keyring ({ring.name})"

    def read(self) -> str | None:
        """Return what is kept, None if nothing is."""
        return _done(partial(self._ring.get_password, SERVICE, self._name))

    def write(self, text: str) -> None:
        """Keep a text instead of what was kept."""
        _done(partial(self._ring.set_password, SERVICE, self._name, text))

    def delete(self) -> None:
        """Drop what is kept."""
        _done(self._drop)

    def _drop(self) -> None:
        with suppress(PasswordDeleteError):  # there was none
            self._ring.delete_password(SERVICE, self._name)


def system_keyring() -> KeyringBackend:
    """Return the keyring of this machine.

    Raises:
        TokenStoreError: there is none, or only one that hides nothing.

    """
    return checked(_done(keyring.get_keyring))


def checked(ring: KeyringBackend) -> KeyringBackend:
    """Return a keyring that keeps secrets, of several the best.

    Raises:
        TokenStoreError: it keeps nothing, or keeps it in plain text.

    """
    if isinstance(ring, ChainerBackend):
        ring = max(ring.backends, key=lambda each: each.priority)
    kind = f"{type(ring).__module__}.{type(ring).__name__}"
    if ring.priority < _RECOMMENDED or any(word in kind.lower() for word in _NO_KEYRINGS):
        message = f"this machine has no keyring that keeps secrets (found: {kind})"
        raise TokenStoreError(message)
    return ring


def _done(work: Callable[[], Result]) -> Result:
    """Return what a keyring gives; its error's text is left out, for it may quote a secret."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - each backend has errors of its own
        kind = type(error).__name__
    message = f"the keyring is locked or cannot be used ({kind})"
    raise TokenStoreError(message)
