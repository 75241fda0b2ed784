"""What a token may no longer see is kept, marked and told; nothing of it becomes a value."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import WithheldError
from pipelines.outcome import Outcome
from sources.clio_simulator import Seed, Simulator
from tests.system.firm import RAW, Firm

SEEN = ("matters", "contacts")
CUSTOM = "custom_field_values"


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """Give a firm of which matters and contacts were loaded with every permission."""
    with Simulator(Seed(7), rate_limit=0) as clio:
        firm = Firm(clio, tmp_path / "data")
        assert firm.load(*SEEN).exit_code == 0
        yield firm


def values(firm: Firm, column: str, *names: str) -> dict[str, list[Any]]:
    """Read what is stored of a column, by collection."""
    return {
        name: firm.query(f"select id, {column} from {RAW}.{name} order by id") for name in names
    }


def shown(firm: Firm) -> int:
    """Count the custom fields' values that are stored with a value."""
    texts = [text for rows in values(firm, CUSTOM, *SEEN).values() for _, text in rows]
    return sum(one["value"] is not None for text in texts for one in json.loads(text))


def codes(outcome: Outcome) -> set[tuple[str, str]]:
    """Give what an outcome tells."""
    return {(name, error.code) for name, error in outcome.errors}


def marks(firm: Firm) -> list[tuple[Any, ...]]:
    """Read the marks that stand."""
    return firm.query(
        "select resource, record_id is null, field, evidence, accepted, held from meta.withheld"
        " order by all"
    )


def hide(firm: Firm, *names: str) -> None:
    """Let the token lose sight of custom fields, or of other fields."""
    fields = set(names) or {"custom_field_values"}
    firm.clio.switches.hidden_fields = {"*": fields} if not names else {"matters": fields}


def touch(firm: Firm, name: str, most: int = 1000) -> None:
    """Change records, so that the next load reads them."""
    for key in sorted(firm.clio.store[name].rows)[:most]:
        firm.clio.changes.update(name, key, {})


def test_custom_fields_that_are_out_of_sight_stay(firm: Firm) -> None:
    """A load and a sweep without the permission keep every value, end with 5 and prove no more
    than they saw; once it is back, everything is as in Clio.
    """
    before, known = values(firm, CUSTOM, *SEEN), shown(firm)
    assert known > 300
    hide(firm)
    for name in SEEN:
        touch(firm, name, 30)
    loaded = firm.load(*SEEN)
    assert loaded.exit_code == 5
    assert codes(loaded) == {("matters", "withheld"), ("contacts", "withheld")}
    swept = firm.sweep(*SEEN)
    assert swept.exit_code == 5
    assert {row["status"] for row in swept.results} == {"withheld"}
    assert shown(firm) == known
    assert values(firm, CUSTOM, *SEEN) == before
    assert {(mark[0], mark[2]) for mark in marks(firm)} == {
        (n, "custom_field_values") for n in SEEN
    }

    firm.clio.switches.hidden_fields = {}
    assert firm.load(*SEEN, full=True).exit_code == 0
    assert marks(firm) == []
    assert firm.differences(*SEEN) == []
    assert firm.sweep(*SEEN).exit_code == 0


@pytest.mark.parametrize("most", [1000, 3], ids=["every row", "three rows"])
def test_a_plain_column_that_comes_back_empty(firm: Firm, most: int) -> None:
    """A field that is null in every record, changed or not, is out of sight and stays."""
    before = values(firm, "description", "matters")
    hide(firm, "description")
    touch(firm, "matters", most)
    loaded = firm.load(*SEEN)
    assert codes(loaded) == {("matters", "withheld")}
    assert values(firm, "description", "matters") == before
    assert firm.sweep(*SEEN).exit_code == 5
    assert values(firm, "description", "matters") == before
    assert marks(firm) == [
        ("matters", True, "description", "empty in unchanged records", False, True)
    ]
    firm.clio.switches.hidden_fields = {}
    assert firm.sweep(*SEEN).exit_code == 0
    assert firm.differences("matters") == []
    assert marks(firm) == []


def test_what_the_firm_itself_emptied_is_stored(firm: Firm) -> None:
    """Where unchanged records still show their values, the others were emptied by the firm."""
    keys = sorted(firm.clio.store["matters"].rows)[:30]
    for key in keys:
        firm.clio.changes.update("matters", key, {"description": None})
    assert firm.load(*SEEN).exit_code == 0
    assert firm.differences("matters") == []
    assert marks(firm) == []


def test_empties_that_a_person_accepts(firm: Firm) -> None:
    """`--accept-empty` stores the empties as they come; the runs end with 0 and still say so."""
    hide(firm, "description")
    touch(firm, "matters", 5)
    (error,) = [error for _, error in firm.load(*SEEN).errors]
    assert isinstance(error, WithheldError)
    assert "clio-sync load manage --accept-empty matters.description" in error.hint
    accepted = firm.load(*SEEN, accept_empty="matters.description")
    assert accepted.exit_code == 0
    assert {text for _, text in values(firm, "description", "matters")["matters"]} == {None}
    assert firm.load(*SEEN).exit_code == 0
    (row,) = [row for row in firm.sweep(*SEEN).results if row["resource"] == "matters"]
    assert row["status"] == "withheld"
    assert "matters.description" in firm.log.getvalue()


def test_what_was_never_seen_is_no_alarm(tmp_path: Path) -> None:
    """A permission that was missing from the first load on costs a line, and no exit code."""
    with Simulator(Seed(7), rate_limit=0) as clio:
        firm = Firm(clio, tmp_path / "data")
        hide(firm)
        assert firm.load(*SEEN).exit_code == 0
        assert "matters.custom_field_values" in firm.log.getvalue()
        swept = firm.sweep(*SEEN)
        assert swept.exit_code == 0
        assert {row["status"] for row in swept.results} == {"withheld"}
        clio.switches.hidden_fields = {}
        assert firm.sweep(*SEEN).exit_code == 0
        assert firm.differences(*SEEN) == []
        assert marks(firm) == []


def test_witnesses_that_are_gone_decide_nothing(firm: Firm) -> None:
    """Records that were deleted are not asked about a column that comes back empty."""
    before = values(firm, "description", "matters")
    for key in sorted(firm.clio.store["matters"].rows)[:20]:
        firm.clio.changes.remove("matters", key)
    assert firm.sweep("matters", allow_absent=20).exit_code == 0
    hide(firm, "description")
    for key in sorted(firm.clio.store["matters"].rows)[:3]:
        firm.clio.changes.update("matters", key, {})
    assert codes(firm.load("matters")) == {("matters", "withheld")}
    assert values(firm, "description", "matters") == before


def test_a_column_that_is_seen_in_one_record(firm: Firm) -> None:
    """Where a token sees a withheld column in a record of its own alone, the others stay known."""
    before = values(firm, "description", "matters")
    hide(firm, "description")
    touch(firm, "matters", 3)
    assert firm.load("matters").exit_code == 5
    firm.clio.switches.hidden_fields = {}
    _, *others = sorted(firm.clio.store["matters"].rows)[:9]
    firm.clio.switches.misfits = {"matters": {key: {"description": None} for key in others}}
    touch(firm, "matters", 9)
    assert firm.load("matters").exit_code == 5
    assert values(firm, "description", "matters") == before


@pytest.mark.parametrize("field", ["description", "custom_field_values"])
def test_a_permission_that_is_given_back_is_found_by_a_load(firm: Firm, field: str) -> None:
    """No record was changed by it, so that no list of changes tells of it: while values are kept
    back each load asks one question more, and reads everything once a value is shown again.
    """
    if field == "description":
        hide(firm, field)
    else:
        hide(firm)
    touch(firm, "matters", 30)
    assert firm.load("matters").exit_code == 5
    firm.clio.clock.advance(7200)
    asked = len(firm.asked("matters"))
    loaded = firm.load("matters")
    assert (loaded.exit_code, loaded.results[0]["mode"]) == (5, "incremental")
    assert len(firm.asked("matters")) == asked + 2
    firm.clio.switches.hidden_fields = {}
    changed = max(firm.clio.store["matters"].rows)
    firm.clio.changes.update("matters", changed, {"description": "x"}, silent=True)
    firm.clio.clock.advance(7200)
    assert firm.load("matters").exit_code == 0
    assert marks(firm) == []
    assert firm.differences("matters") == []
    firm.clio.clock.advance(7200)
    asked = len(firm.asked("matters"))
    assert firm.load("matters").exit_code == 0
    assert len(firm.asked("matters")) == asked + 1
