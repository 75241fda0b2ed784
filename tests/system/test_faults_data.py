"""Table of faults, Data: values that a mirror must keep exactly, or put aside with a reason."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson
import pytest

from sources.clio_simulator import Seed, Simulator, values
from sources.clio_simulator.faults import Action, Draft, Value, null_id
from tests.system.firm import Firm, Rows

pytestmark = pytest.mark.long

QUARANTINE = "select resource, record_id, reason from meta.quarantine"


def with_value(firm: Firm, name: str, field: str, json: str) -> int:
    """Let the first record of a collection show a raw JSON value from now on; give its id."""
    key = min(firm.clio.store[name].rows)
    firm.clio.faults.add(Value(field, json, id=key), name, times=None)
    return key


KEPT: list[Any] = [
    pytest.param("tasks", "name", '"\\ud83d\\udc69\\u200d\\u2696\\ufe0f"', "👩‍⚖️", id="D4-emoji"),
    pytest.param(
        "tasks", "name", '"\\u202eevil\\u202c"', "\u202eevil\u202c", id="D4-right-to-left"
    ),
    pytest.param("tasks", "name", '"' + "é" * 1_000_000 + '"', "é" * 1_000_000, id="D4-1-MB"),
    pytest.param("tasks", "name", '"<script>"', "<script>", id="D6-html"),
    pytest.param("tasks", "name", '"=cmd()"', "=cmd()", id="D6-formula"),
    pytest.param("tasks", "name", '"\\u001b[2J"', "\x1b[2J", id="D6-escape"),
    pytest.param("tasks", "name", '"\\"; DROP TABLE x;--"', '"; DROP TABLE x;--', id="D5-sql"),
    pytest.param("tasks", "name", '""', "", id="empty-text"),
    pytest.param("tasks", "name", '"null"', "null", id="text-null"),
    pytest.param("activities", "price", "0.1", Decimal("0.1"), id="D3-0.1"),
    pytest.param("activities", "price", "1e2", Decimal(100), id="D3-exponent"),
    pytest.param(
        "activities",
        "price",
        "12345678901234.123456",
        Decimal("12345678901234.123456"),
        id="D3-long",
    ),
    pytest.param("activities", "price", '"1234.5"', Decimal("1234.5"), id="D3-as-text"),
]
MOMENTS: list[Any] = [
    pytest.param('"2026-03-30T12:00:00Z"', "2026-03-30T12:00:00+00:00", id="D2-Z"),
    pytest.param('"2026-03-30T12:00:00+05:30"', "2026-03-30T06:30:00+00:00", id="D2-offset"),
    pytest.param(
        '"2026-03-30T12:00:00.123456Z"', "2026-03-30T12:00:00.123456+00:00", id="D2-fraction"
    ),
    pytest.param('"2026-03-30T12:00:00"', "2026-03-30T12:00:00+00:00", id="D2-no-zone"),
    pytest.param('"2026-03-29T02:30:00+01:00"', "2026-03-29T01:30:00+00:00", id="D2-DST-gap"),
    pytest.param('"2999-01-01T00:00:00Z"', "2999-01-01T00:00:00+00:00", id="D2-2999"),
    pytest.param('"2026-03-30"', "2026-03-30T00:00:00+00:00", id="D2-date-only"),
]
FITTING: list[Any] = [
    *KEPT,
    *(
        pytest.param("tasks", "created_at", *case.values[:1], moment, id=str(case.id))
        for case in MOMENTS
        for moment in [dt.datetime.fromisoformat(str(case.values[1]))]
    ),
]
ASIDE: list[Any] = [
    pytest.param("tasks", "updated_at", '"yesterday"', id="D2-no-moment"),
    pytest.param("tasks", "updated_at", '"2026-02-30T00:00:00Z"', id="D2-no-such-day"),
    pytest.param("tasks", "updated_at", "0", id="D2-number"),
    pytest.param("activities", "price", '"1,234.50"', id="D3-comma"),
    pytest.param("activities", "price", "1e400", id="D3-too-large"),
    pytest.param("activities", "price", "0.1234567890123456789", id="D3-too-fine"),
    pytest.param("activities", "price", '"NaN"', id="D3-NaN-as-text"),
    pytest.param("activities", "price", "true", id="type-boolean-for-number"),
    pytest.param("activities", "quantity", '"4 h"', id="A21-number-becomes-text"),
    pytest.param("activities", "matter", "5", id="A21-value-for-object"),
    pytest.param("tasks", "name", '"\\ud800"', id="D4-lone-surrogate"),
    pytest.param("tasks", "reminders", '{"a": 1}', id="object-for-list"),
    pytest.param("tasks", "reminders", "[" + '"' + "x" * 6_000_000 + '"]', id="D7-huge-list"),
    pytest.param("activities", "id", "12345678901234567890123", id="D1-id-too-large"),
]
PAGES: list[Any] = [
    pytest.param('"\udcff\udcfe"', id="D10-invalid-UTF-8"),
    pytest.param('"a", "name": "b"', id="D10-duplicate-key"),
    pytest.param("{", id="not-JSON"),
]


@dataclass(frozen=True)
class Aside:
    """What became of rows that did not fit, and of the same rows once they were corrected."""

    reasons: dict[tuple[str, str], str]
    rows_changed: list[str]
    drift: set[tuple[str, str]]
    differences: list[str]


class Values(Action):
    """Shows raw values in many records at once, as `Value` does in one: id → field and JSON."""

    of: Mapping[int, tuple[str, str]] = field(default_factory=dict)

    def alter(self, draft: Draft) -> None:
        """Change the records."""
        for position, record in enumerate(draft.records):
            row = orjson.loads(record)
            if row["id"] in self.of:
                name, json = self.of[row["id"]]
                draft.records[position] = values.dump({**row, name: values.Raw(json.encode())})


def own_rows(firm: Firm, cases: list[Any]) -> list[tuple[str, int]]:
    """Return every case a record of its own, which shows the case's value from now on."""
    shown: dict[str, dict[int, tuple[str, str]]] = {}
    for number, case in enumerate(cases):
        name, column, json = case.values[:3]
        key = sorted(firm.clio.store[name].rows)[number]
        shown.setdefault(name, {})[key] = (column, json)
    for name, of in shown.items():
        firm.clio.faults.add(Values(of), name, times=None)
    return [(name, key) for name, of in shown.items() for key in of]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Rows]]:
    """Load a firm in which every case of a value that is kept has its own record."""
    with Simulator(Seed(7), rate_limit=0) as clio:
        firm = Firm(clio, tmp_path_factory.mktemp("kept") / "data")
        own_rows(firm, FITTING)
        outcome = firm.load("tasks", "activities")
        assert outcome.exit_code == 0, outcome.errors
        assert firm.query(QUARANTINE) == []
        yield {name: firm.stored(name) for name in ("tasks", "activities")}


@pytest.fixture(scope="module")
def aside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aside]:
    """Load a firm, change a record for each case into what does not fit, load, correct, load."""
    names = ("tasks", "activities")
    with Simulator(Seed(7), rate_limit=0) as clio:
        firm = Firm(clio, tmp_path_factory.mktemp("aside") / "data")
        firm.load(*names)
        before = {name: firm.stored(name) for name in names}
        own = own_rows(firm, ASIDE)
        for name, key in own:
            clio.changes.update(name, key, {"_note": "changed"})
        outcome = firm.load(*names)
        assert outcome.exit_code == 4, outcome.errors
        assert {error.code for _, error in outcome.errors} == {"kept_out"}
        assert sum(row["quarantined"] for row in outcome.results) == len(ASIDE)
        reasons = {(name, key): reason for name, key, reason in firm.query(QUARANTINE)}
        changed = [name for name in names if told(firm.stored(name)) != told(before[name])]
        drift = set(firm.query("select resource, kind from meta.drift"))
        clio.faults.clear()
        for name, key in own:
            clio.changes.update(name, key, {"_note": "corrected"})
        assert firm.load(*names).exit_code == 0
        yield Aside(reasons, changed, drift, firm.differences(*names))


def told(rows: Rows) -> Rows:
    """Return rows without what changes with every version of a record."""
    versioned = {"etag", "updated_at"}
    return {
        key: {name: value for name, value in row.items() if name not in versioned}
        for key, row in rows.items()
    }


@pytest.mark.parametrize("number", range(len(FITTING)), ids=[case.id for case in FITTING])
def test_value_is_kept_exactly(kept: dict[str, Rows], number: int) -> None:
    """Equal at once: the value is stored as it was sent; a moment is the same instant, however it
    is written.
    """
    name, column, _, value = FITTING[number].values
    key = sorted(kept[name])[number]
    assert kept[name][key][column] == value


@pytest.mark.parametrize("number", range(len(ASIDE)), ids=[case.id for case in ASIDE])
def test_value_that_does_not_fit_is_put_aside(aside: Aside, number: int) -> None:
    """Equal after the load that follows a correction: the value alone, or its row where it cannot
    do without, is in quarantine with its reason; it is drift and ends the load with 4; nothing is
    rounded or made null.
    """
    name, column, json = ASIDE[number].values
    ours = [key for resource, key in aside.reasons if resource == name]
    assert (json in ours) if column == "id" else len(ours) == len({*ours})
    assert len(aside.reasons) == len(ASIDE)
    assert all(aside.reasons.values())
    assert aside.rows_changed == []
    assert (name, "type") in aside.drift
    assert aside.differences == []


@pytest.mark.parametrize("json", PAGES)
def test_page_that_cannot_be_read(firm: Firm, json: str) -> None:
    """D10, equal after the next load: the page is asked for again, then the walk ends with exit 4;
    nothing of it is stored.
    """
    with_value(firm, "tasks", "name", json)
    outcome = firm.load("tasks")
    assert outcome.exit_code == 4
    assert firm.stored("tasks") == {}
    firm.clio.faults.clear()
    firm.clio.clock.advance(3601)  # what could not be had is asked for again after an hour
    assert firm.load("tasks").exit_code == 0
    assert firm.differences("tasks") == []


@pytest.mark.parametrize("depth", [90, 1000])
def test_deep_nesting_is_bounded(firm: Firm, depth: int) -> None:
    """D7: a value nested very deep is stored, put aside, or ends the walk; the others are there."""
    key = with_value(firm, "tasks", "reminders", "[" * depth + "]" * depth)
    assert firm.load("tasks", "matters").exit_code in {0, 4}
    assert firm.differences("matters") == []
    firm.clio.faults.clear()
    firm.clio.changes.update("tasks", key, {"name": "corrected"})
    assert firm.load("tasks").exit_code == 0
    assert firm.differences("tasks") == []


def test_null_id(firm: Firm) -> None:
    """D1, equal after the next load: a record without id ends the walk."""
    firm.clio.faults.add(null_id(), "tasks", times=None)
    assert firm.load("tasks").exit_code == 4
    firm.clio.faults.clear()
    firm.load("tasks")
    assert firm.differences("tasks") == []


def test_ids_beyond_doubles_are_exact(firm: Firm) -> None:
    """D1, equal at once: an id above 2⁵³ is exact to the last digit; as text it is the same."""
    for key in (2**53 + 1, 2**62 + 1):
        firm.clio.changes.add("tasks", {"id": key, "name": str(key)})
    with_value(firm, "tasks", "id", f'"{min(firm.clio.store["tasks"].rows)}"')
    assert firm.load("tasks").exit_code == 0
    assert firm.differences("tasks") == []
    assert {(2**53 + 1,), (2**62 + 1,)} <= firm.stored("tasks").keys()


def test_field_that_vanishes(firm: Firm) -> None:
    """A21: a field that no row of a page has any more is null and told as drift."""
    firm.load("lauk_civil_controlled_rates")
    for row in firm.clio.store["lauk_civil_controlled_rates"].rows.values():
        row.pop("category", None)
    firm.load("lauk_civil_controlled_rates")
    assert firm.differences("lauk_civil_controlled_rates") == []


def test_redacted_values_stay(firm: Firm) -> None:
    """A28: a value that Clio hides comes as null; the one known before stays, and that is told."""
    firm.load("activities")
    hours = "select id, quantity from raw_clio_manage.activities order by id"
    before = firm.query(hours)
    firm.clio.switches.redact_activities = True
    outcome = firm.load("activities", full=True)
    assert outcome.exit_code == 5
    assert {error.code for _, error in outcome.errors} == {"withheld"}
    assert firm.query(hours) == before
