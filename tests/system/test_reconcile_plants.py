"""Random differences between Clio and the warehouse: exactly those that were planted are found."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from pipelines.reconcile.definitions import read_definitions, read_shared
from pipelines.reconcile.explain import DELETED, TIMING
from pipelines.reconcile.verdicts import UNEXPLAINED
from tests.system import plants_of_bills, plants_of_links, plants_of_trust, plants_of_work
from tests.system.plants import Gap, Ground, Plant, apart
from tests.system.reconciling import audited

KINDS = {
    **plants_of_bills.KINDS,
    **plants_of_links.KINDS,
    **plants_of_trust.KINDS,
    **plants_of_work.KINDS,
}
LEVELS = (1, 2, 3, 4)
Draw: TypeAlias = tuple[str, int, int]
"""A kind, which record, and an amount in cents."""

DRAWN = st.tuples(st.sampled_from(sorted(KINDS)), st.integers(0, 999), st.integers(1, 99_999))
SEVERAL = st.lists(DRAWN, min_size=6, max_size=14, unique_by=lambda draw: draw[0])


@pytest.fixture(scope="module")
def ground(reconciled_firm: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Return a firm that is loaded once, and its Clio."""
    with audited(reconciled_firm, tmp_path_factory.mktemp("ground") / "data") as audit:
        yield Ground(audit)


def planted(ground: Ground, drawn: Sequence[Draw]) -> list[Plant]:
    """Return the plants that were drawn, but those that would touch what another one touches."""
    return apart(KINDS[kind](ground, pick, amount) for kind, pick, amount in drawn)


def check(ground: Ground, plants: Sequence[Plant]) -> None:
    """Hold what is found against what was planted and what a firm without sweeps shows."""
    expected = unproved(ground)
    for plant in plants:
        expected |= plant.lines
    assert ground.found(plants) == expected


def unproved(ground: Ground) -> dict[tuple[str, str], Gap]:
    """Return the certificates that there are none of, which is all that is not equal at first."""
    names = ground.asked("select distinct source || '.' || resource from meta.sync_runs")
    return {("certificates", name): Gap("", None, "not run") for (name,) in names}


@pytest.mark.long
def test_taken_back(ground: Ground) -> None:
    """Once plants were taken back, the firm matches its Clio as before."""
    check(ground, planted(ground, [("missing_bill", 0, 1), ("deposit_gone", 0, 1)]))
    check(ground, [])


@pytest.mark.long
def test_each_kind(ground: Ground) -> None:
    """Each kind of difference is found in its class, to the cent, beside as many others as can
    stand beside it; and every cause that a comparison can name is among them.
    """
    waiting = [KINDS[kind](ground, number, number + 1) for number, kind in enumerate(sorted(KINDS))]
    seen = set()
    while waiting:
        plants = apart(waiting)
        check(ground, plants)
        seen |= {gap.cause for plant in plants for gap in plant.lines.values()}
        waiting = [plant for plant in waiting if plant not in plants]
    assert seen - {""} == causes()


def causes() -> set[str]:
    """Return every cause that the comparisons can name."""
    found = {DELETED, TIMING, UNEXPLAINED}
    for one in read_definitions(LEVELS):
        for query in (one.query, *map(read_shared, one.shared)):
            tree = sqlglot.parse_one(query, dialect="duckdb")
            named = [each for each in tree.find_all(exp.Alias) if each.alias in {"cause", "gap"}]
            found |= {text for each in named for text in _answers(each.this)}
    return found


def _answers(value: exp.Expression) -> Iterator[str]:
    """Yield the texts that an expression can come to; not those that it compares with."""
    if isinstance(value, exp.Literal):
        yield value.this
    if isinstance(value, exp.Case):
        for branch in value.args["ifs"]:
            yield from _answers(branch.args["true"])
        if value.args.get("default") is not None:
            yield from _answers(value.args["default"])


@pytest.mark.long
@settings(max_examples=12)
@given(drawn=SEVERAL)
def test_random_plants(ground: Ground, drawn: list[Draw]) -> None:
    """Whatever is planted wherever: each plant is found, in its class, to the cent, and nothing
    else is.
    """
    check(ground, planted(ground, drawn))
