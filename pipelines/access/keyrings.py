"""The operating system's keyring, if there is one worth the name."""

from typing import Protocol

import keyring
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.errors import PasswordDeleteError

from pipelines.errors import TokenStoreError

SERVICE = "clio-sync"
_RECOMMENDED = 1
_NO_KEYRINGS = ("null", "fail", "plaintext")


class Ring(Protocol):
    """What is used of a keyring."""

    def get_password(self, service: str, username: str) -> str | None:
        """Return what is kept under a name."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep something under a name."""

    def delete_password(self, service: str, username: str) -> None:
        """Drop what is kept under a name."""


class KeyringStore:
    """Keeps the sign-in of one product and data folder in a keyring."""

    def __init__(self, ring: KeyringBackend, name: str) -> None:
        """Take the keyring and the name of the entry."""
        self._ring: Ring = ring
        self._name = name
        self.place = f"keyring ({ring.name})"

    def read(self) -> str | None:
        """Return what is kept, None if nothing is."""
        try:
            return self._ring.get_password(SERVICE, self._name)
        except Exception as error:  # noqa: BLE001 - each backend has errors of its own
            failed = _failed(error)
        raise failed

    def write(self, text: str) -> None:
        """Keep a text instead of what was kept."""
        try:
            self._ring.set_password(SERVICE, self._name, text)
        except Exception as error:  # noqa: BLE001 - the same
            failed = _failed(error)
        else:
            return
        raise failed

    def delete(self) -> None:
        """Drop what is kept."""
        try:
            self._ring.delete_password(SERVICE, self._name)
        except PasswordDeleteError:
            return  # there was none
        except Exception as error:  # noqa: BLE001 - the same
            failed = _failed(error)
        else:
            return
        raise failed


def system_keyring() -> KeyringBackend:
    """Return the keyring of this machine.

    Raises:
        TokenStoreError: there is none, or only one that hides nothing.

    """
    try:
        ring = keyring.get_keyring()
    except Exception as error:  # noqa: BLE001 - a backend that is named but cannot be loaded
        failed = _failed(error)
    else:
        return checked(ring)
    raise failed


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


def _failed(error: Exception) -> TokenStoreError:
    # its text is left out: a backend may quote what it was given
    return TokenStoreError(f"the keyring is locked or cannot be used ({type(error).__name__})")
