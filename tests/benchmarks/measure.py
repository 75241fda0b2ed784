"""One process from its start to its end: wall time, CPU time, peak memory."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .clio import ROOT

OURS = ("CLIO_SYNC__", "SOURCES__", "DESTINATION__", "DLT_", "RUNTIME__")
UNUSUAL = frozenset({"PYTHONDONTWRITEBYTECODE"})
"""Settings under which Python would compile the same modules at each start."""
UNIT_OF_MEMORY = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Measured:
    """What a process took: seconds of wall and CPU (children included), bytes at its peak."""

    wall: float
    cpu: float
    memory: int


class ProcessFailedError(Exception):
    """A measured process did not end well."""


def environment(folder: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without any setting of the project, of dlt or of Python."""
    usual = set(os.environ) - UNUSUAL
    kept = {k: os.environ[k] for k in sorted(usual) if not k.upper().startswith(OURS)}
    own = {"PYTHONPATH": str(ROOT), "HOME": str(folder), "DLT_DATA_DIR": str(folder / "dlt-home")}
    return {**kept, **own, **extra}


def measure(module: Sequence[str], folder: Path, extra: Mapping[str, str]) -> Measured:
    """Run `python -m module …` in a folder and measure it; what it prints goes to a file there.

    Raises:
        ProcessFailedError: it ended with another code than 0.

    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "output.txt"
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=folder,
            env=environment(folder, extra),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        tail = log.read_text("utf-8", "replace")[-2000:]
        message = f"{' '.join(module)} ended with {process.returncode}:\n{tail}"
        raise ProcessFailedError(message)
    return Measured(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * UNIT_OF_MEMORY)
