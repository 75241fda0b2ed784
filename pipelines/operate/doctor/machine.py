"""Checks of this machine: versions, settings, data folder, lock, disk. Nothing is sent."""

import json
import os
import platform
import re
import shlex
import shutil
import sqlite3
import stat
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from pipelines.config import Settings
from pipelines.ledger.errors import STOP
from pipelines.load import products
from pipelines.outcome import counted, named
from pipelines.release import PACKAGE
from pipelines.warehouse import FILE, ODD, PRIVATE
from sources.errors import ConfigurationError

from .line import FAIL, FULL, NOTE, OK, UNUSABLE, WARN, DoctorLine

SHOWN = ("dlt", "duckdb")
OF_GIT = frozenset({".gitignore", ".gitkeep"})
"""Files that come with the repository and hold nothing of the firm's."""
OTHERS = stat.S_IRWXG | stat.S_IRWXO
GIB = 1024**3
TIGHT, SCARCE, NOTHING = 2 * GIB, GIB // 4, 1024**2
"""Free bytes below which a line warns, below which it fails, and below which the disk is full."""
ELSEWHERE = "CLIO_SYNC__DATA_DIR at another folder."
CONFLICT = re.compile(r"conflict|copy|copies|kopie|\(\d+\)", re.IGNORECASE)
"""What Dropbox, OneDrive, Syncthing and others put into the names of what they could not merge."""


def release(text: str) -> tuple[int, ...]:
    """Return the numbers of a version, those of `2.0` and `2.0.0` alike."""
    numbers = [int(number) for number in re.findall(r"\d+", text)[:3]]
    return tuple(numbers + [0] * (3 - len(numbers)))


def misfits(requirements: Sequence[str], installed: Callable[[str], str]) -> list[str]:
    """Name the packages that are not within their bounds, by `dlt[duckdb]<1.32,>=1.31`."""
    found = []
    for requirement in requirements:
        if ";" in requirement:
            continue
        name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        try:
            version = installed(name)
        except metadata.PackageNotFoundError:
            found.append(f"{name} is missing")
            continue
        bounds = re.findall(r"(>=|<)\s*([\d.]+)", requirement)
        if any((release(version) < release(bound)) == (sign == ">=") for sign, bound in bounds):
            found.append(f"{name} {version}")
    return found


def versions() -> DoctorLine:
    """Say which versions are at work, and whether they fit together."""
    python, sqlite = platform.python_version(), sqlite3.sqlite_version
    shown = [f"{name} {metadata.version(name)}" for name in SHOWN]
    what = ", ".join([f"python {python}", *shown, f"sqlite {sqlite}"])
    try:
        own, needed = metadata.version(PACKAGE), metadata.requires(PACKAGE) or []
    except metadata.PackageNotFoundError:
        told = f"{what}; {PACKAGE} is not installed, so they are not compared"
        return DoctorLine("versions", NOTE, told, "make install")
    return fitting(f"{PACKAGE} {own}, {what}", needed, metadata.version)


def fitting(what: str, needed: Sequence[str], installed: Callable[[str], str]) -> DoctorLine:
    """Judge the installed versions by what is needed."""
    if wrong := misfits(needed, installed):
        what = f"{what}; not as needed: {named(wrong)}"
        return DoctorLine("versions", FAIL, what, "make install")
    return DoctorLine("versions", OK, what)


def configuration(settings: Settings, folder: Path) -> DoctorLine:
    """Look at what can only be judged with the catalogues, and at who can read the secrets."""
    try:
        for source, options in settings.sources.items():
            products.product(source, options)
            products.hashed(products.catalog(source, options), options)
    except ConfigurationError as error:
        return DoctorLine("configuration", FAIL, str(error), error.hint)
    secrets = folder / ".dlt" / "secrets.toml"
    if secrets.exists() and stat.S_IMODE(secrets.stat().st_mode) & OTHERS:
        what = "others on this machine can read .dlt/secrets.toml"
        return DoctorLine("configuration", WARN, what, "chmod 600 .dlt/secrets.toml")
    return DoctorLine("configuration", OK, "every setting is understood")


def data_folder(folder: Path) -> DoctorLine:
    """Look at who can read the data folder, and whether it can be used."""
    check, quoted = "data_folder", shlex.quote(str(folder))
    odd = sorted(set(str(folder.resolve())) & set(ODD))
    if odd:
        return DoctorLine(check, FAIL, f"its path holds {odd[0]}", f"Point {ELSEWHERE}")
    if not folder.exists():
        return DoctorLine(check, NOTE, f"there is no {folder} yet", "clio-sync load")
    if unusable := _unusable(folder):
        return unusable
    open_ = sorted(_open_to_others(folder))
    if open_:
        has = "has a mode" if len(open_) == 1 else "have modes"
        what = f"{counted(len(open_), 'file')} {has} for others too: {named(open_)}"
        return DoctorLine(check, WARN, what, f"chmod -R go-rwx {quoted}")
    return DoctorLine(check, OK, f"{folder} is yours alone")


def _unusable(folder: Path) -> DoctorLine | None:
    """Say why a folder that is there cannot be the data folder."""
    check = "data_folder"
    if not folder.is_dir() or folder.stat().st_uid != os.getuid():
        return DoctorLine(check, FAIL, f"{folder} is no folder of yours", f"Point {ELSEWHERE}")
    if not os.access(folder, os.W_OK) and os.statvfs(folder).f_flag & os.ST_RDONLY:
        what = f"{folder} may not be written: its disk is mounted read-only"
        fix = f"Mount it for writing, or point {ELSEWHERE}"
        return DoctorLine(check, FAIL, what, fix, code=UNUSABLE)
    if stat.S_IMODE(folder.stat().st_mode) != PRIVATE:
        what = f"{folder} is open to others, or cannot be written"
        return DoctorLine(check, FAIL, what, f"chmod 700 {shlex.quote(str(folder))}")
    return None


def _open_to_others(folder: Path) -> list[str]:
    """Name the files whose own mode lets others in; a link's own mode says nothing."""
    found = []
    for here, _, files in os.walk(folder):
        for name in files:
            path = Path(here, name)
            try:
                mode = path.lstat().st_mode
            except FileNotFoundError:  # a run that is at work has removed it
                continue
            if name not in OF_GIT and stat.S_ISREG(mode) and stat.S_IMODE(mode) & OTHERS:
                found.append(str(path.relative_to(folder)))
    return found


def lock(folder: Path) -> DoctorLine:
    """Say who is at work on the data folder, without taking its lock."""
    try:
        held = json.loads((folder / "lock.json").read_text("utf-8"))
        pid, what = int(held["pid"]), f"{held['command']}, since {held['since']}"
    except FileNotFoundError:
        return DoctorLine("lock", OK, "nobody is at work on the data folder")
    except (OSError, ValueError, TypeError, KeyError):
        return DoctorLine("lock", WARN, "lock.json cannot be read", "clio-sync load")
    if _is_alive(pid):
        what = f"process {pid} ({what}) is at work on the data folder"
        return DoctorLine("lock", WARN, what, "Wait until that run has ended.")
    return DoctorLine("lock", OK, f"process {pid} ({what}) died; the next run goes on from there")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is another user's
    return True


def disk(folder: Path) -> DoctorLine:
    """Say how much room there is."""
    there = next(path for path in (folder, *folder.resolve().parents) if path.is_dir())
    warehouse = folder / FILE
    size = warehouse.stat().st_size if warehouse.exists() else 0
    return room(shutil.disk_usage(there).free, size, there)


def room(free: int, warehouse: int, place: Path) -> DoctorLine:
    """Judge the free bytes at a place beside a warehouse of so many bytes."""
    fix = "Free disk space, or move the data folder to a larger disk."
    if free < NOTHING:
        return DoctorLine("disk", FAIL, f"there is no room left in {place}", fix, code=FULL)
    what = f"{free / GIB:.1f} GiB are free, the warehouse has {warehouse / GIB:.1f} GiB"
    if free < SCARCE:
        return DoctorLine("disk", FAIL, what, fix)
    if free < max(TIGHT, 2 * warehouse):
        return DoctorLine("disk", WARN, what, fix)
    return DoctorLine("disk", OK, what)


def copies(folder: Path) -> DoctorLine:
    """Look beside warehouse and ledger for copies that a program which synchronises made."""
    found = sorted(
        path.name
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.name.startswith(("warehouse", "ledger", "epoch")) and CONFLICT.search(path.name)
    )
    if found:
        what = f"{named(found)}: another program synchronises the data folder, and met two states"
        fix = (
            "Move the data folder out of the folder that is synchronised; keep these files aside,"
            " and see with clio-sync status which state the warehouse is in."
        )
        return DoctorLine("copies", WARN, what, fix)
    return DoctorLine("copies", OK, "no copy of another program's is beside the warehouse")


def stop(folder: Path) -> DoctorLine:
    """Say whether the kill switch for writing is thrown."""
    path = folder / STOP
    if path.exists():
        what = "the file STOP is in the data folder: nothing is written to Clio"
        return DoctorLine("stop", WARN, what, f"rm {shlex.quote(str(path))}")
    return DoctorLine("stop", OK, "there is no file STOP in the data folder")
