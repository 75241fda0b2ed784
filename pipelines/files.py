"""Files that are whole after a crash, or not there."""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path


def replace_durably(path: Path, text: str) -> None:
    """Write a private file so that after a crash the old or the new text is there, whole.

    A link that somebody put in its way is not followed.
    """
    _replace(path, path.with_suffix(".tmp"), os.O_TRUNC | os.O_NOFOLLOW, text)


def replace_privately(path: Path, text: str) -> None:
    """Write a file as `replace_durably` does, one that only its owner can ever read.

    It is made with mode 0600, not changed to it afterwards. Two processes must not do so at once.
    """
    new = temporary(path)
    new.unlink(missing_ok=True)  # left by a process that died
    _replace(path, new, os.O_EXCL | os.O_NOFOLLOW, text)


def _replace(path: Path, new: Path, flags: int, text: str) -> None:
    handle = os.open(new, os.O_CREAT | os.O_WRONLY | flags, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)


def write_beside(path: Path, text: str) -> None:
    """Write a private file that may be lost in a crash; a link in its way is not followed."""
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def write_new(path: Path, data: bytes) -> None:
    """Make a private file, durably; one that is there, or a link, is never written over.

    Raises:
        FileExistsError: it is there.
        OSError: it cannot be written.

    """
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def temporary(path: Path) -> Path:
    """Name the file that `replace_privately` writes first."""
    return path.with_name(path.name + ".tmp")


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def seal(path: Path, header: int) -> None:
    """Note the size of a file of which only the first bytes tell whether it changed since.

    What cannot be noted is not: it is one way less to notice that the file was cut.
    """
    with suppress(OSError):
        found = json.dumps({"size": path.stat().st_size, "header": _digest(path, header)})
        new = temporary(_seal(path))
        new.write_text(found, "ascii")
        new.replace(_seal(path))


def cut(path: Path, header: int) -> str:
    """Say by how much a file was cut since its size was noted; empty where nobody can tell."""
    try:
        noted = json.loads(_seal(path).read_text("ascii"))
        size, before = path.stat().st_size, int(noted["size"])
        same = noted["header"] == _digest(path, header)
    except (OSError, ValueError, TypeError, KeyError):
        return ""
    return f"it has {size:,} bytes instead of {before:,}" if same and size < before else ""


def _seal(path: Path) -> Path:
    return path.with_name(path.name + ".size")


def _digest(path: Path, header: int) -> str:
    with path.open("rb") as file:
        return hashlib.sha256(file.read(header)).hexdigest()
