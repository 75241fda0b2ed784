"""What a token may no longer see is kept, marked and told; nothing of it becomes a value."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import WithheldError
from pipelines.outcome import Outcome
from sources.clio_simulator import Seed, Simulator
from tests.system.conftest import NewFirm
from tests.system.firm import RAW, Firm

SEEN = ("matters", "contacts")
CUSTOM = "custom_field_values"


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """Return a firm of which matters and contacts were loaded with every permission."""
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
    """Return what an outcome tells."""
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


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
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


def described(firm: Firm) -> list[int]:
    """Return every matter a description, load them, and name them in order."""
    keys = sorted(firm.clio.store["matters"].rows)
    for key in keys:
        firm.clio.changes.update("matters", key, {"description": f"description {key}"})
    firm.clio.clock.advance(7200)
    assert firm.load("matters").exit_code == 0
    firm.clio.clock.advance(7200)
    return keys


def hide_of(firm: Firm, keys: list[int]) -> None:
    """Let the token lose sight of the descriptions of some matters."""
    firm.clio.switches.misfits = {"matters": {key: {"description": None} for key in keys}}


@pytest.mark.long
@pytest.mark.parametrize("by", ["a load of changed records", "a sweep"])
def test_a_few_that_are_still_shown_decide_nothing(firm: Firm, by: str) -> None:
    """A user who sees eight descriptions of all loses none of the others."""
    keys = described(firm)
    before = values(firm, "description", "matters")
    hide_of(firm, [key for key in keys if key not in keys[::5]])
    if by == "a sweep":
        swept = firm.sweep("matters")
        assert (swept.exit_code, swept.results[0]["status"]) == (5, "withheld")
    for key in keys[-10:]:
        firm.clio.changes.update("matters", key, {})
    loaded = firm.load("matters")
    assert (loaded.exit_code, loaded.results[0]["mode"]) == (5, "incremental")
    firm.clio.clock.advance(7200)
    again = firm.load("matters")
    assert again.results[0]["mode"] == "incremental", "as long as most is out of sight"
    assert firm.sweep("matters").exit_code == 5
    assert values(firm, "description", "matters") == before


@pytest.mark.long
def test_sight_that_is_lost_or_given_back_within_a_walk(new_firm: NewFirm) -> None:
    """A part of a walk sees and a part does not: nothing is lost either way, and nothing is
    certified; the load after it reads everything again.
    """
    firm = new_firm(matters=60)
    keys = described(firm)
    before = values(firm, "description", "matters")
    hide_of(firm, keys[-20:])
    assert firm.sweep("matters").results[0]["status"] == "withheld"
    assert values(firm, "description", "matters") == before
    firm.clio.changes.update("matters", keys[0], {"description": "changed"})
    hide_of(firm, keys[:3])
    firm.clio.clock.advance(7200)
    assert firm.sweep("matters").results[0]["status"] == "withheld"
    assert values(firm, "description", "matters") == before
    firm.clio.switches.misfits = {}
    firm.clio.clock.advance(7200)
    assert firm.load("matters").exit_code == 0
    assert (marks(firm), firm.differences("matters")) == ([], [])


@pytest.mark.long
def test_parts_of_a_walk_that_were_read_blind(firm: Firm) -> None:
    """A sweep of two nights, the first of which saw no description: the mark stays, the certificate
    says so, and what a colleague changed meanwhile is read by the next load.
    """
    keys = described(firm)
    firm.clio.switches.limit_maximum = {"matters": 20}
    hide(firm, "description")
    assert firm.sweep("matters").exit_code == 5
    firm.clio.changes.update("matters", keys[0], {"description": "corrected"})
    firm.clio.clock.advance(7200)
    assert firm.load("matters").exit_code == 5
    firm.clio.clock.advance(86_400)
    assert firm.sweep("matters", budget=2).results[0]["complete"] is False
    firm.clio.switches.hidden_fields = {}
    firm.clio.clock.advance(86_400)
    swept = firm.sweep("matters", budget=200)
    assert swept.results[0]["status"] == "withheld"
    assert len(marks(firm)) == 1
    firm.clio.clock.advance(7200)
    assert firm.load("matters").exit_code == 0
    assert (marks(firm), firm.differences("matters")) == ([], [])


@pytest.mark.long
def test_one_record_that_is_shown_lifts_no_column(new_firm: NewFirm) -> None:
    """A user who sees only the own time: changing an entry of one's own is no sight of the rest."""
    firm = new_firm(scale=0.1)
    own = next(row for row in firm.clio.dump("activities") if row["total"])
    firm.clio.switches.redact_activities = True
    assert firm.load("activities").exit_code == 0
    before = marks(firm)
    assert "total" in [mark[2] for mark in before if mark[1]]
    names = ("quantity", "quantity_in_hours", "total", "price")
    seen = {name: own[name] for name in names} | {"quantity_redacted": False}
    firm.clio.switches.misfits = {"activities": {own["id"]: seen}}
    firm.clio.changes.update("activities", own["id"], {"note": "of my own"})
    for _ in range(2):
        firm.clio.clock.advance(7200)
        loaded = firm.load("activities")
        assert (loaded.exit_code, loaded.results[0]["mode"]) == (0, "incremental")
        assert marks(firm) == before
