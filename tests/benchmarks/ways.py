"""The three ways to load the same two lists, each as a whole process."""

from dataclasses import dataclass
from pathlib import Path

import orjson

from . import questions
from .clio import Clio
from .measure import Measured, measure
from .questions import Place

LOAD = ("load", *(word for name in questions.NAMES for word in ("--resource", name)))
"""The command of this project."""


@dataclass(frozen=True)
class Way:
    """One way: its letter, what it is, and the module that is run."""

    letter: str
    title: str
    module: tuple[str, ...]


WAYS = (
    Way("a", "this project", ("pipelines", *LOAD)),
    Way("b", "dlt's `rest_api` source, Parquet files", ("tests.benchmarks.rest_api",)),
    Way("c", "the limit: httpx and DuckDB alone", ("tests.benchmarks.limit",)),
)


@dataclass(frozen=True)
class Run:
    """One process: what it took, the requests that arrived, and what its warehouse held then."""

    measured: Measured
    requests: int
    totals: dict[str, int]

    @property
    def rows(self) -> int:
        """Return the rows of both tables."""
        return sum(value for name, value in self.totals.items() if name.endswith(".rows"))


def run(way: Way, clio: Clio, folder: Path) -> Run:
    """Load what is new into a folder, and measure it."""
    place = clio.place(folder / "data")
    clio.asked()
    measured = measure(clio.now(way.module), folder, place.environment)
    return Run(measured, clio.asked(), totals(place, folder))


def totals(place: Place, folder: Path) -> dict[str, int]:
    """Read what a warehouse holds."""
    aside = folder / "totals"
    measure(["tests.benchmarks.totals"], aside, place.environment)
    found: dict[str, int] = orjson.loads((aside / "output.txt").read_bytes())
    return found
