"""meta.edits and meta.pushes: what SQL sees of the ledger, and what a lost ledger does to them."""

import sqlite3

import pytest

from pipelines.edits.listing import run_withdraw
from pipelines.ledger.ledger import Entry, Ledger
from tests.system.conftest import NewFirm
from tests.system.firm import Firm, QuickClock
from tests.system.proposing import propose, work

pytestmark = pytest.mark.long

EDITS = "select field, base, new_value, state, author from meta.edits order by field"
UNUSABLE = "meta.edits and meta.pushes stay as they are, for the ledger cannot be used"


@pytest.fixture
def firm(new_firm: NewFirm) -> Firm:
    """Return a firm whose matters are loaded."""
    firm = new_firm()
    assert firm.load("matters").exit_code == 0
    return firm


def test_a_first_load_makes_the_tables_and_no_ledger(firm: Firm) -> None:
    """They are empty, and nothing is made that nobody needs yet."""
    assert firm.query(EDITS) == []
    assert firm.query("select * from meta.pushes") == []
    assert list(firm.folder.glob("ledger*")) == []


def test_each_run_copies_the_ledger(firm: Firm) -> None:
    """Values as JSON, states as they are now, a PATCH with its etag; a load and a sweep alike."""
    edits = propose(firm, "matters", 2_000_001, "status=closed", "location=here").results
    firm.load("matters")
    assert firm.query(EDITS) == [
        ("location", firm.query(EDITS)[0][1], '"here"', "proposed", "tester"),
        ("status", '"open"', '"closed"', "proposed", "tester"),
    ]
    run_withdraw(work(firm), [edits[1]["edit_id"]], "")
    attempt = {
        "attempt": "a1",
        "resource": "matters",
        "record_id": "2000001",
        "edits": [edits[0]["edit_id"]],
        "url": "/matters/2000001.json",
        "if_match": '"e"',
        "body_hash": "h",
    }
    with Ledger.open(firm.folder, QuickClock()) as ledger:
        ledger.record("tester", Entry("attempt_intended", attempt, plan_hash="p"))
        head = ledger.head()
    firm.sweep("matters")
    assert [row[3] for row in firm.query(EDITS)] == ["withdrawn", "in_flight"]
    assert firm.query("select record_id, if_match, edits, ended_at from meta.pushes") == [
        ("2000001", '"e"', f'["{edits[0]["edit_id"]}"]', None)
    ]
    assert firm.query("select events, head from meta.ledger") == [(head.count, head.hash)]


def ruin(firm: Firm) -> None:
    """Write over the ledger."""
    for path in firm.folder.glob("ledger.sqlite*"):
        path.unlink()
    (firm.folder / "ledger.sqlite").write_bytes(b"no ledger" * 1000)


def lose(firm: Firm) -> None:
    """Remove the ledger and all that belongs to it."""
    for path in firm.folder.glob("ledger*"):
        path.unlink()


def change(firm: Firm) -> None:
    """Change what the newest event says."""
    with sqlite3.connect(firm.folder / "ledger.sqlite") as database:
        database.execute("drop trigger events_stay")
        database.execute("update events set body = replace(body, 'here', 'there')")


@pytest.mark.parametrize("harm", [ruin, lose, change])
def test_a_ledger_that_is_lost_or_damaged_stops_no_load(firm: Firm, harm: object) -> None:
    """What was copied stays, the run says so, and everything else is read."""
    propose(firm, "matters", 2_000_001, "location=here")
    firm.load("matters")
    copied = firm.query(EDITS)
    assert len(copied) == 1
    harm(firm)  # type: ignore[operator]
    firm.clio.changes.update("matters", 2_000_002, {"location": "moved"})
    firm.clio.clock.advance(60)
    outcome = firm.load("matters")
    assert outcome.exit_code == 0
    assert UNUSABLE in firm.log.getvalue()
    assert "moved" not in firm.log.getvalue()
    assert firm.query(EDITS) == copied
    assert firm.query("select location from raw_clio_manage.matters where id = 2000002") == [
        ("moved",)
    ]
    assert firm.query("select events from meta.ledger") == [(1,)]
