"""What is measured of this project alone: quiet loads, the help text, memory, a profile."""

from dataclasses import dataclass
from pathlib import Path
from statistics import median

import orjson

from .clio import Clio, clio
from .measure import Measured, measure
from .ways import LOAD


@dataclass(frozen=True)
class Profile:
    """Seconds of wall time by group, and the functions that most of it is spent in."""

    seconds: dict[str, float]
    places: dict[str, float]


def everything(folder: Path, repeat: int) -> tuple[list[Measured], int]:
    """Load all collections of a firm of scale 1, then again with nothing changed.

    Gives the quiet runs, and the requests of one of them.
    """
    runs: list[Measured] = []
    command = ("pipelines", "load", "--all")
    with clio(["--scale", "1"]) as firm:
        place = firm.place(folder / "data")
        measure(command, folder, place.environment)
        requests = 0
        for _ in range(max(3, repeat)):
            firm.pass_time()
            firm.asked()
            runs.append(measure(firm.now(command), folder, place.environment))
            requests = firm.asked()
    return runs, requests


def help_text(folder: Path, repeat: int) -> float:
    """Return the wall time of `--help`, the median of some runs after one that is not counted."""
    runs = [measure(("pipelines", "--help"), folder, {}) for _ in range(1 + 3 * repeat)]
    return median(each.wall for each in runs[1:])


def first_load(firm: Clio, folder: Path) -> Measured:
    """Load the two lists into an empty folder."""
    module = firm.now(("pipelines", *LOAD))
    return measure(module, folder, firm.place(folder / "data").environment)


def profile(firm: Clio, folder: Path) -> Profile:
    """Load the two lists into an empty folder, watched."""
    target = folder / "profile.json"
    module = ("tests.benchmarks.sampler", str(target), *LOAD)
    measure(firm.now(module), folder, firm.place(folder / "data").environment)
    found = orjson.loads(target.read_bytes())
    return Profile(found["seconds"], found["places"])
