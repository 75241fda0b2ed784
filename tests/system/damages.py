"""What can become of files: cut, emptied, overwritten, one byte altered."""

import os
import random
from collections.abc import Callable, Mapping
from pathlib import Path

BLOCK, HEADER = 262_144, 3 * 4096
"""Sizes of a block of DuckDB's, and of what stands before the first."""


def emptied(path: Path) -> None:
    """Leave nothing."""
    os.truncate(path, 0)


def first_page(path: Path) -> None:
    """Leave the first page alone."""
    os.truncate(path, 4096)


def halved(path: Path) -> None:
    """Leave the first half."""
    os.truncate(path, path.stat().st_size // 2)


def shortened(path: Path) -> None:
    """Leave all but the last block."""
    os.truncate(path, path.stat().st_size - BLOCK)


def headless(path: Path) -> None:
    """Write zeros over the header."""
    with path.open("r+b") as file:
        file.write(bytes(4096))


def spoilt(path: Path) -> None:
    """Write noise into every block, as a disk that fails may."""
    noise = random.Random(7)
    with path.open("r+b") as file:
        for at in range(HEADER, path.stat().st_size, BLOCK):
            file.seek(at + 9000)
            file.write(noise.randbytes(50))


def foreign_log(path: Path) -> None:
    """Put a write-ahead log beside it that is none."""
    path.with_name(path.name + ".wal").write_bytes(b"not a log, " * 500)


DAMAGES: Mapping[str, Callable[[Path], None]] = {
    one.__name__: one
    for one in (emptied, first_page, halved, shortened, headless, spoilt, foreign_log)
}


def altered_schema(path: Path) -> None:
    """Alter one byte of the definition of the ledger's table, as nothing that runs does."""
    log = path.with_name(path.name + "-wal")
    assert not log.exists() or not log.stat().st_size
    text = path.read_bytes()
    at = text.index(b"TABLE events (")
    path.write_bytes(text[: at + 1] + b"x" + text[at + 2 :])
