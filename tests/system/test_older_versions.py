"""A record that comes with an older stamp than the stored one is read alone, and that decides."""

import pendulum
import pytest

from sources.clio_simulator.faults import Status, Value
from tests.system.conftest import NewFirm
from tests.system.firm import Firm

pytestmark = pytest.mark.long


def changed(firm: Firm, name: str, column: str) -> int:
    """Change a record after the first load and load it; give its id."""
    firm.load(name)
    key = int(firm.clio.dump(name)[0]["id"])
    firm.clio.changes.update(name, key, {column: "newer"})
    assert firm.load(name).exit_code == 0
    return key


def stamped_back(firm: Firm, name: str, key: int, column: str) -> None:
    """Let a record truly go back: new content under an earlier stamp, still in the window."""
    row = firm.clio.store[name].rows[key]
    fields = {column: "restored", "updated_at": row["updated_at"] - 60_000}
    firm.clio.changes.update(name, key, fields)


def test_stale_replica_does_not_win(firm: Firm) -> None:
    """D8: a list shows an older version; the record alone shows the newer one, which is kept."""
    key = changed(firm, "matters", "description")
    old = Value("updated_at", '"2026-01-01T00:00:00Z"', id=key)
    firm.clio.faults.add(old, "matters", absent=("ids[]",))
    firm.clio.faults.add(Value("description", '"stale"', id=key), "matters", absent=("ids[]",))
    before = len(firm.asked("matters"))
    outcome = firm.load("matters")
    assert outcome.exit_code == 0, outcome.errors
    assert firm.stored("matters")[key,]["description"] == "newer"
    assert [asked.given.get("ids[]") for asked in firm.asked("matters")[before:]] == [
        None,
        [str(key)],
    ]
    assert [(row["updated"], row["unchanged"]) for row in outcome.results] == [(0, 1)]


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("matters", "description"),
        ("notes", "subject"),
        ("comments", "message"),
        ("bank_accounts", "name"),
    ],
)
def test_stamp_that_went_back_is_stored(firm: Firm, name: str, column: str) -> None:
    """D9: new content under an earlier stamp, confirmed by reading the record alone, is stored:
    where Clio takes ids, where it has only an item path, and where a list needs a type.
    """
    key = changed(firm, name, column)
    stamped_back(firm, name, key, column)
    outcome = firm.load(name)
    assert outcome.exit_code == 0, outcome.errors
    assert firm.stored(name)[key,][column] == "restored"
    assert firm.differences(name) == []


def test_stamp_goes_back_where_a_record_cannot_be_read_alone(firm: Firm) -> None:
    """A list without ids and item path: what the full list says now is stored, and the load ends
    well.
    """
    name = "lauk_civil_controlled_rates"
    firm.load(name)
    row = next(iter(firm.clio.store[name].rows.values()))
    fields = {"category": "restored", "updated_at": row["updated_at"] - 60_000}
    firm.clio.changes.update(name, row["id"], fields)
    outcome = firm.load(name)
    assert outcome.exit_code == 0, outcome.errors
    assert firm.differences(name) == []


def test_stamp_goes_back_in_a_child_list(firm: Firm) -> None:
    """A message whose stamp goes back stays with its own conversation."""
    firm.load("conversations", "conversation_messages")
    key = max(firm.clio.store["conversation_messages"].rows)
    row = firm.clio.store["conversation_messages"].rows[key]
    fields = {"body": "restored", "updated_at": row["updated_at"] - 60_000}
    firm.clio.changes.update("conversation_messages", key, fields)
    outcome = firm.load("conversation_messages")
    assert outcome.exit_code == 0, outcome.errors
    assert firm.differences("conversation_messages") == []


def test_reading_alone_that_fails_ends_only_that_walk(firm: Firm) -> None:
    """If the record cannot be read alone, its walk ends without a watermark, with exit 4; the
    others are stored; the next load settles it.
    """
    key = changed(firm, "matters", "description")
    stamped_back(firm, "matters", key, "description")
    mark = firm.watermark("matters")
    firm.clio.changes.add("tasks", {"name": "meanwhile"})
    firm.clio.faults.add(Status(500), "matters", times=None, nth=None, absent=("updated_since",))
    outcome = firm.load("matters", "tasks")
    assert outcome.exit_code == 4
    assert firm.differences("tasks") == []
    assert firm.watermark("matters") == mark
    firm.clio.faults.clear()
    assert firm.load("matters").exit_code == 0
    assert firm.differences("matters") == []


def test_record_that_vanishes_before_it_is_settled(firm: Firm) -> None:
    """An older version of a record that no longer exists changes nothing and breaks nothing."""
    key = changed(firm, "comments", "message")
    stamped_back(firm, "comments", key, "message")
    firm.clio.faults.add(Status(404), f"comments/{key}", times=None)
    outcome = firm.load("comments")
    assert outcome.exit_code == 0, outcome.errors
    assert firm.stored("comments")[key,]["message"] == "newer"


def test_settled_rows_are_hashed_too(new_firm: NewFirm) -> None:
    """A hashed column stays hashed in a record that was read alone."""
    firm = new_firm(options={"hash_columns": ("matters.description",)})
    key = changed(firm, "matters", "description")
    stamped_back(firm, "matters", key, "description")
    assert firm.load("matters").exit_code == 0
    assert len(firm.stored("matters")[key,]["description"]) == 64


def test_future_watermark_heals(firm: Firm) -> None:
    """If the server's clock is before the watermark, everything is read once and it is set anew."""
    firm.load("tasks")
    mark = firm.watermark("tasks")
    firm.clio.clock.advance(-7200)
    outcome = firm.load("tasks")
    assert (outcome.exit_code, outcome.results[0]["mode"]) == (0, "full")
    assert mark is not None
    assert mark.subtract(hours=2) <= (firm.watermark("tasks") or mark) < mark
    assert firm.load("tasks").results[0]["mode"] == "incremental"


def test_watermark_never_falls(firm: Firm) -> None:
    """H8: a server clock that goes back does not take the watermark back. Only a full walk, which
    the user asks for and which rests on no earlier watermark, sets it by the clock anew.
    """
    firm.load("tasks")
    mark = firm.watermark("tasks")
    firm.clio.clock.advance(-300)
    assert firm.load("tasks").exit_code == 0
    assert firm.watermark("tasks") == mark
    firm.clio.clock.advance(-7200)
    firm.load("tasks", full=True)
    after = firm.watermark("tasks")
    assert isinstance(after, pendulum.DateTime)
    assert mark is not None
    assert after < mark
    assert firm.load("tasks").exit_code == 0
