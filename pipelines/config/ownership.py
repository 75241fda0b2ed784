"""Who may write a file: nothing that this user relies on may be another user's to change."""

import errno
import grp
import os
import pwd
import stat
from pathlib import Path

from sources.errors import ConfigurationError

ROOT = 0
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class ForeignFileError(ConfigurationError):
    """A file is not this user's alone."""

    code = "foreign_file"
    hint = (
        "Nothing of it was used, and no token was read. Look what is in it; if it is right, make it"
        " and its folder yours, writable by nobody else (chown, and chmod go-w), or work in another"
        " folder. Then run the same command."
    )


def login() -> str:
    """Return the login that this process runs as, whatever the environment says."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def put_right(folder: Path) -> None:
    """Let nobody else write the files of a data folder, nor those of the folders in it.

    A folder of root, or one that may not be listed, such as the `lost+found` of a file system, is
    nothing that this user works with.

    Raises:
        ForeignFileError: one belongs to another user.
        OSError: its mode cannot be changed.

    """
    for path in sorted(folder.iterdir()):
        keep_own(path)
        if path.is_dir() and not path.is_symlink() and _is_ours(path):
            for inner in path.iterdir():
                keep_own(inner)


def _is_ours(folder: Path) -> bool:
    """Tell whether this user may have put something into a folder."""
    of_root = folder.stat().st_uid == ROOT != os.getuid()
    return not of_root and os.access(folder, os.R_OK | os.X_OK)


def keep_own(path: Path) -> None:
    """Take the right to write a file from everybody but its owner, who must be this user or root.

    A file that is not there is nobody's; neither is one that is gone meanwhile.

    Raises:
        ForeignFileError: it belongs to another user.
        OSError: its mode cannot be changed.

    """
    try:
        for state in (path.lstat(), path.stat()):
            if state.st_uid not in {os.getuid(), ROOT}:
                message = f"{path} belongs to another user of this machine"
                raise ForeignFileError(message)
        kind = stat.S_ISREG(state.st_mode) or stat.S_ISDIR(state.st_mode)
        if kind and state.st_mode & OTHERS_WRITE and state.st_uid == os.getuid():
            path.chmod(stat.S_IMODE(state.st_mode) & ~OTHERS_WRITE)
    except FileNotFoundError:
        return
    except OSError as error:
        # where nothing can be written nobody can write this
        if error.errno != errno.EROFS:
            raise


def writable_by_others(state: os.stat_result) -> bool:
    """Tell whether anybody but the owner may write: a group of the owner alone is nobody else."""
    if state.st_mode & stat.S_IWOTH:
        return True
    return bool(state.st_mode & stat.S_IWGRP) and not _is_private_group(state)


def _is_private_group(state: os.stat_result) -> bool:
    """Tell whether a group is the one of its owner's own name that many systems make for each."""
    try:
        group, owner = grp.getgrgid(state.st_gid), pwd.getpwuid(state.st_uid)
    except KeyError:
        return False
    own = owner.pw_uid != ROOT and (group.gr_name, group.gr_gid) == (owner.pw_name, owner.pw_gid)
    return own and set(group.gr_mem) <= {owner.pw_name}
