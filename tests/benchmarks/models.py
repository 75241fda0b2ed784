"""What is measured on the warehouse of the larger firm: models, dashboards, reconciliation."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from pipelines.sql_folder import sql_folder
from pipelines.transform.build import BuildOptions, read_plan
from sources.clio_http.catalog import read_catalog
from sources.clio_simulator.switches import GrowSwitches

from .clio import Clio
from .measure import Measured, measure

MATTERS, BILLS, INTAKE = 5_000, 60_000, 4_000
"""Matters and bills of the larger firm; contacts, leads and matters of its intake."""
PRODUCTS = {"manage": "clio_manage", "grow": "clio_grow"}


@dataclass(frozen=True)
class Models:
    """What each process took. `rows` are those of each published relation.

    `dashboards` are seconds by view; `asked` is how many requests `reconcile` sent, and `waited`
    the seconds that it waited for their answers.
    """

    activities: int
    rows: Mapping[str, int]
    full: Measured
    quiet: Sequence[Measured]
    publish: Sequence[Measured]
    dashboards: Mapping[str, float]
    reconcile: Measured
    asked: int
    waited: float


def sizes(scale: float) -> list[str]:
    """Return the arguments that make a firm of a million activities whole, or a share of one."""
    intake = str(round(INTAKE * scale))
    return [
        *("--matters", str(round(MATTERS * scale)), "--bills", str(round(BILLS * scale))),
        *("--grow-contacts", intake, "--grow-matters", intake, "--grow-leads", intake),
    ]


def measured(
    firm: Clio, folder: Path, activities: int, repeat: int, say: Callable[[str], None]
) -> Models:
    """Load what the models read, then build, publish, ask and reconcile, each as a process."""
    place = firm.place(folder / "data")
    environment = place.environment | {
        "SOURCES__CLIO_GROW__BASE_URL": f"{firm.url}/grow",
        "SOURCES__CLIO_GROW__ACCESS_TOKEN": min(GrowSwitches().grow_tokens),
        "CLIO_SYNC__PUBLISHED_CUSTOM_FIELDS": "all",
    }

    def run(*module: str) -> Measured:
        taken = measure(firm.now(module), folder, environment)
        shown = " ".join(word for word in module[:3] if "/" not in word)
        say(f"{shown}: {taken.wall:.2f} s, {taken.memory / 1e6:.0f} MB")
        return taken

    for product in PRODUCTS:
        run("pipelines", "load", product, *_read_by_models(product))
    full = run("pipelines", "transform", "--full")
    quiet = [run("pipelines", "transform") for _ in range(repeat)]
    publish = [run("pipelines", "publish") for _ in range(repeat)]
    run("tests.benchmarks.dashboards")
    told = orjson.loads((folder / "output.txt").read_bytes())
    watched = folder / "requests.json"
    reconcile = run("tests.benchmarks.asking", str(watched), "reconcile", "--ids", "all")
    asked = orjson.loads(watched.read_bytes())
    return Models(
        activities=activities,
        rows=told["rows"],
        full=full,
        quiet=quiet,
        publish=publish,
        dashboards=told["seconds"],
        reconcile=reconcile,
        asked=asked["requests"],
        waited=asked["seconds"],
    )


def _read_by_models(product: str) -> Iterator[str]:
    """Name the lists that staging reads, but those that take a request for each record."""
    schema = f"raw_{PRODUCTS[product]}"
    loaded = read_catalog(PRODUCTS[product]).loaded
    read: set[str] = set()
    for model in read_plan(None, [sql_folder()], BuildOptions()).project.models.values():
        read.update(re.findall(rf"\b{schema}\.(\w+)", model.file.text))
    for name in sorted(read & loaded.keys()):
        if loaded[name].parent is None:
            yield from ("--resource", name)
