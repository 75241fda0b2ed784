"""The files that settings are read from, and who may write a file.

Nothing that this user relies on may be another user's to change. A settings file says where a token
is sent. So one that belongs to another user, or that another user may change, is refused before
anything in it is looked at; and an address on this machine, behind which any user's program may
listen, needs the owner's word beside it.
"""

import errno
import grp
import os
import pwd
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sources.clio_http.hosts import LOOPBACK_HOSTS, host_of
from sources.errors import ConfigurationError

FOLDER = ".dlt"
NAMES = ("config.toml", "secrets.toml")
"""The files of the folder; what stands in a later one goes before."""
ADDRESSES = ("base_url", "oauth_url", "gateway_url")
"""The settings of a product that say where its keys are sent."""
WORD = "allow_loopback"
ROOT = 0
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True)
class FoundSettings:
    """Settings by their dotted name; `filed` are those that stand in a file."""

    filed: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)

    @property
    def all(self) -> dict[str, Any]:
        """Return every setting; the environment goes before the files."""
        return {**self.filed, **self.environment}

    def section(self, name: str) -> dict[str, Any]:
        """Return the settings of a section, such as `sources.clio_grow`, by their own names."""
        start = name + "."
        return {key.removeprefix(start): v for key, v in self.all.items() if key.startswith(start)}


def read_files(base: Path) -> dict[str, Any]:
    """Read the settings files of a folder.

    Raises:
        ForeignFileError: another user owns or may write one of them, or their folder.
        ConfigurationError: one is no text, or not valid TOML.

    """
    home, found = base / FOLDER, dict[str, Any]()
    for name in NAMES:
        text = _text(home / name)
        if text is None:
            continue
        _demand_own(home)
        try:
            found |= flat(tomllib.loads(text))
        except tomllib.TOMLDecodeError:
            message = f"{name} is not valid TOML"
            raise ConfigurationError(message) from None
    return found


def demand_loopback_meant(found: FoundSettings, product: str) -> None:
    """Refuse an address on this machine that only a file names, without the owner's word for it.

    Raises:
        ConfigurationError: there is one.

    """
    section = f"sources.{product}."
    if str(found.all.get(section + WORD, "")).casefold() == "true":
        return
    for name in ADDRESSES:
        if section + name in found.environment:
            continue
        if host_of(str(found.filed.get(section + name) or "")) in LOOPBACK_HOSTS:
            message = (
                f"{section}{name} of a settings file is an address of this machine, where any"
                f" user's program may listen; if it is meant, set {section}{WORD} to true as well"
            )
            raise ConfigurationError(message)


def flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the values of nested tables by their dotted names."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _text(path: Path) -> str | None:
    """Read a file that nobody else may write; None if there is none."""
    try:
        # what is judged is what is read, also where the name is given to another file meanwhile
        with path.open("rb") as file:
            _demand_own(path, os.fstat(file.fileno()))
            return file.read().decode("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        message = f"{path.name} cannot be read as text"
        raise ConfigurationError(message) from None


def _demand_own(path: Path, opened: os.stat_result | None = None) -> None:
    """Refuse what another user owns or may write, and links that another user may turn."""
    for one, state in _states(path, opened):
        _refuse_foreign(one, state)
        if not stat.S_ISLNK(state.st_mode) and writable_by_others(state):
            message = f"other users of this machine may write {one}"
            raise ForeignFileError(message)


def _states(path: Path, opened: os.stat_result | None) -> Iterator[tuple[Path, os.stat_result]]:
    """Return what stands at a path and, where that is a link, what it and its folder are."""
    link = path.lstat()
    yield path, link
    if stat.S_ISLNK(link.st_mode):
        target = path.resolve()
        yield target, opened or target.stat()
        yield target.parent, target.parent.stat()
    elif opened is not None:
        yield path, opened


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
            _refuse_foreign(path, state)
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


def _refuse_foreign(path: Path, state: os.stat_result) -> None:
    if state.st_uid not in {os.getuid(), ROOT}:
        message = f"{path} belongs to another user of this machine"
        raise ForeignFileError(message)
