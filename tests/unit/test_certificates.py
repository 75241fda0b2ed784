"""What a completed sweep has proved."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.state import certificates
from pipelines.state.certificates import Absences, Certificate, draw_up, judge
from pipelines.warehouse import Warehouse
from tests.unit.sides import AT, SOURCE, Pairs, Sides

OVERLAP = 900.0


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[Sides]:
    """Return a table of three rows, known before the walk."""
    with Warehouse(tmp_path) as warehouse:
        made = Sides(warehouse)
        made.store({"1": "a", "2": "b", "3": "c"})
        made.census().begin()
        yield made


def drawn(
    sides: Sides,
    absences: Absences | None = None,
    late: tuple[int, float] = (0, 0.0),
    *,
    run: str = "run",
    days: int = 0,
) -> Certificate:
    """Draw up the certificate of the walk as it stands."""
    return draw_up(
        sides.census(),
        absences or Absences(),
        walked_at=AT.add(days=days),
        late=late,
        overlap=OVERLAP,
        finished_at=AT.add(days=days, hours=1),
        run_id=run,
    )


@pytest.mark.parametrize(
    ("equal", "undecided", "stopped", "seconds", "status"),
    [
        (True, 0, False, 0.0, "ok"),
        (True, 0, False, 900.0, "ok"),
        (True, 0, False, 900.5, "late"),
        (False, 0, False, 0.0, "unequal"),
        (False, 0, False, 900.5, "unequal"),
        (True, 1, False, 0.0, "unequal"),
        (False, 0, True, 900.5, "guard"),
        (True, 0, True, 0.0, "guard"),
    ],
)
def test_status(*, equal: bool, undecided: int, stopped: bool, seconds: float, status: str) -> None:
    """A person's decision comes first, then what differs, then what came late."""
    absences = Absences(undecided, stopped)
    assert judge(absences, equal=equal, seconds=seconds, overlap=OVERLAP) == status


def test_equal_sides(sides: Sides) -> None:
    """Nothing was found, and all three digests are one."""
    sides.show([("3", "c"), ("1", "a"), ("2", "b")])
    proof = drawn(sides)
    assert (proof.source, proof.resource, proof.complete) == (SOURCE, "tasks", True)
    assert (proof.rows_clio, proof.rows_warehouse, proof.status) == (3, 3, "ok")
    assert (proof.missing, proof.ghost, proof.stale, proof.healed) == (0, 0, 0, 0)
    assert proof.digest_before == proof.digest_clio == proof.digest_warehouse


def test_healed_sides(sides: Sides) -> None:
    """One row of each kind was found, stored or marked: the digests after it are equal."""
    sides.show([("1", "a"), ("2", "new"), ("4", "d")])
    sides.store({"2": "new", "4": "d"})
    sides.bury("3")
    proof = drawn(sides, late=(2, 901.0))
    assert (proof.missing, proof.ghost, proof.stale, proof.healed) == (1, 1, 1, 3)
    assert proof.digest_before != proof.digest_clio == proof.digest_warehouse
    assert (proof.status, proof.late, proof.late_seconds) == ("late", 2, 901.0)


@pytest.mark.parametrize(
    "shown",
    [
        [("1", "a"), ("2", "b")],
        [("1", "a"), ("2", "b"), ("3", "other")],
        [("1", "a"), ("2", "b"), ("3", "c"), ("4", "d")],
        [("1", "a"), ("2", "other"), ("3", None)],
        [],
    ],
)
def test_sides_that_differ(sides: Sides, shown: Pairs) -> None:
    """A row too many, too few, or with another content: unequal, whatever else does not fit."""
    sides.show(shown)
    proof = drawn(sides)
    assert proof.status == "unequal"
    assert proof.digest_clio != proof.digest_warehouse


@pytest.mark.parametrize("shown", [[("3", None)], [("3", "c"), ("4", None)]])
def test_rows_that_do_not_fit(sides: Sides, shown: Pairs) -> None:
    """Everything else is equal, and what is kept out is not known, stored before or not."""
    sides.show([("1", "a"), ("2", "b"), *shown])
    proof = drawn(sides)
    assert proof.status == "withheld"
    assert proof.rows_clio == 2 + len(shown)


def test_certificates_are_kept(sides: Sides) -> None:
    """Every one stays, in the columns that reports rely on; the last one of each collection is
    that of the walk that began last.
    """
    sides.show([("1", "a"), ("2", "b"), ("3", "c")])
    second = drawn(sides, Absences(undecided=1), run="second", days=1)
    for certificate in (second, drawn(sides, run="first")):
        certificates.save(sides.warehouse, certificate)
    found = sides.warehouse.rows("select run_id, status from meta.certificates order by walked_at")
    assert found == [("first", "ok"), ("second", "unequal")]
    assert certificates.last(sides.warehouse, SOURCE) == {"tasks": (AT.add(days=1), "unequal")}
    assert certificates.last(sides.warehouse, "clio_grow") == {}
    assert sides.warehouse.layout("meta")["certificates"][:13] == [
        "source", "resource", "walked_at", "complete", "rows_clio", "rows_warehouse", "missing",
        "ghost", "stale", "healed", "digest_clio", "digest_warehouse", "status",
    ]  # fmt: skip
