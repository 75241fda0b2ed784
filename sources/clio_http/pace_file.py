"""Where all who send for one application find its pace, whatever data folder they work on."""

import hashlib
import os
import stat
import sys
from pathlib import Path

FOLDER = "clio-sync"


def state_home() -> Path:
    """Return the folder in which a user's programs keep their state on this system.

    Raises:
        RuntimeError: the user has no home.

    """
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    given = Path(os.environ.get("XDG_STATE_HOME", ""))
    return given if given.is_absolute() else Path.home() / ".local" / "state"


def pace_file(product: str, origin: str, application: str, otherwise: Path) -> Path:
    """Return the file of an application's pace; `otherwise` where it cannot be kept there.

    Its name is a digest of the origin and of the application's key, or of the token where that
    is all that is known. A folder or file of another user's is not used.
    """
    digest = hashlib.sha256(f"{origin}\n{application}".encode()).hexdigest()[:32]
    try:
        folder = state_home() / FOLDER
        for each in (*reversed(folder.parents), folder):
            each.mkdir(mode=0o700, exist_ok=True)  # not even the parents are open to others
        file = folder / f"{product}-{digest}.pace"
        ours = all(_is_ours(path) for path in (folder, file, Path(f"{file}.lock")))
    except (OSError, RuntimeError):
        return otherwise
    return file if ours and os.access(folder, os.W_OK) else otherwise


def _is_ours(path: Path) -> bool:
    """Tell whether a folder or file is this user's alone to write, or not there yet."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return True
    kind = stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode)
    if sys.platform == "win32":
        return kind
    return kind and found.st_uid == os.geteuid() and not found.st_mode & 0o022
