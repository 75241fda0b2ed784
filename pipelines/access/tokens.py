"""Where sign-ins are kept: the operating system's keyring, or a file that only its owner can read.

There is one for each product and data folder. A token of the environment is not kept.
"""

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pipelines.config import IN_FILES, Settings
from pipelines.errors import TokenStoreError, UnsafeTokensError
from pipelines.files import replace_privately, sync_folder, temporary

if TYPE_CHECKING:
    from .keyrings import KeyringStore

TokenStore: TypeAlias = "FileStore | KeyringStore"
"""A place for one sign-in; its `place` names it for a person."""
FOLDER = "tokens"
PRIVATE = 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class FileStore:
    """Keeps a sign-in in `<data>/tokens/<product>.json`: mode 0600, in a folder of mode 0700."""

    def __init__(self, data_dir: Path, source: str) -> None:
        """Take the data folder; nothing is made yet."""
        self._data_dir = data_dir
        self.path = data_dir / FOLDER / f"{source}.json"
        self.place = f"file {self.path}"

    def read(self) -> str | None:
        """Return what is kept, None if nothing is.

        Raises:
            UnsafeTokensError: others could read or change it.
            TokenStoreError: it cannot be read.

        """
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW)
            with os.fdopen(handle, encoding="utf-8") as file:
                _check(self.path.parent.lstat(), "the folder of sign-ins")
                _check(os.fstat(handle), "the file of the sign-in")
                return file.read()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
        message = f"the file of the sign-in cannot be read ({reason})"
        raise TokenStoreError(message)

    def write(self, text: str) -> None:
        """Keep a text instead of what was kept; after a crash either is there, whole.

        Raises:
            UnsafeTokensError: others could read or change it.
            TokenStoreError: it cannot be written.

        """
        token_folder(self._data_dir)
        try:
            replace_privately(self.path, text)
        except OSError as error:
            message = f"the sign-in cannot be written to its file ({error.strerror})"
            raise TokenStoreError(message) from None

    def delete(self) -> None:
        """Drop what is kept, and what a process that died while writing left."""
        try:
            self.path.unlink(missing_ok=True)
            temporary(self.path).unlink(missing_ok=True)
            if self.path.parent.exists():
                sync_folder(self.path.parent)
        except OSError as error:
            message = f"the file of the sign-in cannot be removed ({error.strerror})"
            raise TokenStoreError(message) from None


def token_folder(data_dir: Path) -> Path:
    """Return the folder of sign-ins, made for its owner alone.

    Raises:
        UnsafeTokensError: others could read or change what is in it.
        TokenStoreError: it cannot be made.

    """
    folder = data_dir / FOLDER
    try:
        folder.mkdir(mode=PRIVATE, exist_ok=True)
        _check(folder.lstat(), "the folder of sign-ins")
    except OSError as error:
        message = f"the folder of sign-ins cannot be made ({error.strerror})"
        raise TokenStoreError(message) from None
    return folder


def store_for(source: str, settings: Settings) -> TokenStore:
    """Return the place for the sign-in of a product that the settings name.

    Raises:
        TokenStoreError: it is the keyring, and there is none.

    """
    if settings.token_store == IN_FILES:
        return FileStore(settings.data_dir, source)
    from .keyrings import KeyringStore, system_keyring  # noqa: PLC0415 - slow, and not always needed

    return KeyringStore(system_keyring(), f"{source} {settings.data_dir.resolve()}")


def _check(status: os.stat_result, what: str) -> None:
    if stat.S_ISLNK(status.st_mode) or status.st_uid != os.getuid():
        message = f"{what} is a link or belongs to someone else"
        raise UnsafeTokensError(message)
    if stat.S_IMODE(status.st_mode) & _OTHERS:
        message = f"{what} can be read or changed by others"
        raise UnsafeTokensError(message)
