"""The ledger: it only grows, whoever changes it is seen, and its views tell where each edit is."""

import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.errors import LedgerError, StorageError
from pipelines.ledger.ledger import FILE, HEAD, Entry, Head, Ledger
from sources.clio_http.clock import SystemClock
from tests.tampering import unguarded

CLOCK = SystemClock()
PLAN = "a" * 64


def proposal(name: str = "e1", **changes: object) -> Entry:
    """Make the event of a proposed edit."""
    body = {
        "resource": "matters", "record_id": "7", "field": "status", "base": "Open",
        "base_etag": '"x"', "new_value": "closed", "reason": "done", "author": "ana",
        "origin": "test", "label": "00007", **changes,
    }  # fmt: skip
    return Entry("edit_proposed", body, edit_id=name)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return a new ledger."""
    with Ledger.open(tmp_path, CLOCK) as opened:
        yield opened


def tamper(folder: Path, *statements: str) -> None:
    """Change the ledger's file behind its back."""
    with unguarded(folder) as database:
        for statement in statements:
            database.execute(statement)


def states(ledger: Ledger) -> dict[str, str]:
    """Return every edit's state."""
    return dict(ledger.rows("select edit_id, state from edits"))


def test_events_are_chained(ledger: Ledger, tmp_path: Path) -> None:
    """What was recorded is there after opening again, whole, and the head moves with each event."""
    ledger.record("ana", proposal(), proposal("e2", field="description"))
    first = ledger.head()
    ledger.record("ana", Entry("edit_withdrawn", {"reason": "no"}, edit_id="e2"))

    with Ledger.open(tmp_path, CLOCK) as again:
        assert again.head().count == 3
        assert again.head() != first
        assert again.verify() == again.verify(str(first)) == again.verify(first.hash) == []
        assert states(again) == {"e1": "proposed", "e2": "withdrawn"}


def test_file_is_private_and_durable(ledger: Ledger, tmp_path: Path) -> None:
    """The file is its owner's alone, logged ahead and synced at each commit."""
    ledger.record("ana", proposal())
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}
    assert ledger.rows("pragma journal_mode") == [("wal",)]
    assert ledger.rows("pragma synchronous") == [(2,)]


def test_all_or_nothing(ledger: Ledger) -> None:
    """One event that cannot be written leaves none of its transaction behind."""
    with pytest.raises(TypeError):
        ledger.record("ana", proposal(), proposal("e2", base=0.1))
    assert ledger.head() == Head()
    ledger.record("ana", proposal())
    assert ledger.verify() == []


@pytest.mark.parametrize(
    "statement",
    [
        "update events set body = '{}'",
        "delete from events",
        "insert into events select seq + 5, at, actor, kind, edit_id, '', '{}', '', '' from events",
    ],
)
def test_nothing_is_changed_through_the_ledger(
    ledger: Ledger, tmp_path: Path, statement: str
) -> None:
    """Neither a question nor a connection of one's own changes or removes an event."""
    ledger.record("ana", proposal())
    with pytest.raises(StorageError):
        ledger.rows(statement)
    with (
        sqlite3.connect(tmp_path / FILE) as database,
        pytest.raises(sqlite3.IntegrityError, match="events are"),
    ):
        database.execute(statement)
    database.close()


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("update events set body = replace(body, 'closed', 'open') where seq = 2", "event 2"),
        ("update events set actor = 'eve' where seq = 3", "event 3"),
        ("delete from events where seq = 2", "event 2 is missing"),
        ("delete from events where seq = 4", "it held 4 events"),
        ("delete from events", "it held 4 events"),
        ("update events set at = '2020-01-01T00:00:00.000000Z' where seq = 1", "event 1"),
    ],
)
def test_a_changed_event_is_found(tmp_path: Path, statement: str, problem: str) -> None:
    """A changed value, a dropped event and a cut end are each found and named."""
    with Ledger.open(tmp_path, CLOCK) as ledger:
        ledger.record("ana", *(proposal(f"e{n}") for n in range(4)))
    tamper(tmp_path, statement)
    with sqlite3.connect(tmp_path / FILE) as database:
        opened = Ledger(database, tmp_path, CLOCK)
        assert any(problem in text for text in opened.verify())
        with pytest.raises(LedgerError):
            opened.demand_whole()
    database.close()


@pytest.mark.parametrize(
    ("statements", "problem"),
    [
        (
            (
                "drop view edits",
                "create view edits as select edit_id, 'approved' as state from events",
            ),
            "the view edits is not as it was made",
        ),
        (("drop trigger events_stay",), "the trigger events_stay is not as it was made"),
        (("drop index ends_of_attempt",), "the index ends_of_attempt is not as it was made"),
        (
            ("create trigger more after insert on events begin select 1; end",),
            "the trigger more is not as it was made",
        ),
    ],
    ids=["view", "no trigger", "no index", "trigger"],
)
def test_another_reading_of_the_events_is_found(
    ledger: Ledger, tmp_path: Path, statements: tuple[str, ...], problem: str
) -> None:
    """Views tell the state of edits, so one that was replaced stops writing though no event was
    touched.
    """
    ledger.record("ana", proposal())
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        for statement in statements:
            database.execute(statement)
    assert ledger.verify() == [problem]
    with pytest.raises(LedgerError):
        ledger.demand_whole()


def test_what_forbids_an_event_is_looked_at_last(ledger: Ledger) -> None:
    """What is looked at before an event is recorded cannot change any more, and may forbid it."""

    def others_wait() -> None:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("begin immediate")
        raise LedgerError

    ledger.record("ana", proposal())
    (path,) = (row[2] for row in ledger.rows("pragma database_list"))
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        with pytest.raises(LedgerError):
            ledger.record("ana", proposal("e2"), unless=others_wait)
        other.execute("begin immediate")
        other.execute("rollback")
    assert states(ledger) == {"e1": "proposed"}


def test_swapped_events_are_found(ledger: Ledger, tmp_path: Path) -> None:
    """Two events in each other's place do not pass."""
    ledger.record("ana", *(proposal(f"e{n}") for n in range(3)))
    tamper(
        tmp_path,
        "update events set seq = 10 where seq = 1",
        "update events set seq = 1 where seq = 2",
        "update events set seq = 2 where seq = 10",
    )
    assert ledger.verify() != []


def test_a_rewritten_ledger_is_found_by_its_head(tmp_path: Path) -> None:
    """Another ledger, whole in itself, does not hold the head that was printed before."""
    heads = []
    for name in ("mine", "forged"):
        (tmp_path / name).mkdir()
        with Ledger.open(tmp_path / name, CLOCK) as ledger:
            ledger.record("ana", proposal(name))
            heads.append(str(ledger.head()))
    with Ledger.open(tmp_path / "forged", CLOCK) as forged:
        assert forged.verify() == []
        assert "does not hold the event" in forged.verify(heads[0])[0]


@pytest.mark.parametrize("lost", ["file", "end"])
def test_a_lost_ledger_is_seen_when_it_is_opened(tmp_path: Path, lost: str) -> None:
    """A ledger that is gone or cut is refused, also to read, until a person says so."""
    with Ledger.open(tmp_path, CLOCK) as ledger:
        ledger.record("ana", proposal())
        ledger.record("ana", proposal("e2"))
    if lost == "file":
        for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
            (tmp_path / name).unlink(missing_ok=True)
    else:
        tamper(tmp_path, "delete from events where seq = 2")
    for read_only in (True, False):
        with pytest.raises(LedgerError):
            Ledger.open(tmp_path, CLOCK, read_only=read_only)


def test_a_person_may_go_on_without_what_is_lost(tmp_path: Path) -> None:
    """Once it is said, and recorded, that the end is lost, the ledger is whole again."""
    with Ledger.open(tmp_path, CLOCK) as ledger:
        ledger.record("ana", proposal(), proposal("e2"))
    (tmp_path / FILE).unlink()
    with Ledger.reopen(tmp_path, CLOCK) as ledger:
        lost = ledger.lost(Head(7, "seen elsewhere"))
        assert len(lost) == 2
        ledger.accept("bo", lost)
    with Ledger.open(tmp_path, CLOCK) as ledger:
        ledger.demand_whole(Head(7, "seen elsewhere"))
        with pytest.raises(LedgerError):
            ledger.demand_whole(Head(8, "another"))


def test_damage_is_told_without_content(tmp_path: Path) -> None:
    """Bytes that are no database stop the ledger and are not quoted."""
    (tmp_path / FILE).write_bytes(b"Smith v. Jones " * 500)
    with pytest.raises(LedgerError) as caught:
        Ledger.open(tmp_path, CLOCK)
    assert "Smith" not in str(caught.value)


def test_a_missing_ledger_reads_as_empty(tmp_path: Path) -> None:
    """Looking does not make a file."""
    with Ledger.open(tmp_path, CLOCK, read_only=True) as ledger:
        assert states(ledger) == {}
    assert not (tmp_path / FILE).exists()
    assert not (tmp_path / HEAD).exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A ledger that cannot be made is told as such."""
    with pytest.raises(StorageError):
        Ledger.open(tmp_path / "absent", CLOCK)


def test_two_writers_take_turns(ledger: Ledger, tmp_path: Path) -> None:
    """Events of two writers at once stand in one chain, none lost."""

    def write(name: str) -> None:
        with Ledger.open(tmp_path, CLOCK) as own:
            for n in range(20):
                own.record(name, proposal(f"{name}{n}"))

    threads = [threading.Thread(target=write, args=(name,)) for name in ("ana", "bo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.head().count == 40
    assert ledger.verify(str(ledger.head())) == []
    with Ledger.open(tmp_path, CLOCK) as again:
        assert again.lost() == []


def test_disk_full_is_told(ledger: Ledger, tmp_path: Path) -> None:
    """Where nothing more can be written, nothing is recorded, and what was stays."""
    ledger.record("ana", proposal())
    (pages,) = ledger.rows("pragma page_count")[0]
    ledger.rows(f"pragma max_page_count = {pages}")
    with pytest.raises(StorageError):
        ledger.record("ana", *(proposal(f"b{n}", reason="x" * 2000) for n in range(50)))
    assert ledger.head().count == 1
    assert ledger.verify() == []


STEPS = [
    (Entry("plan_frozen", {"edits": ["e1", "e2"]}, plan_hash=PLAN), "planned"),
    (Entry("edit_approved", {"approver": "bo"}, "e1", PLAN), "approved"),
    (Entry("attempt_intended", {"attempt": "1", "edits": ["e1"]}, plan_hash=PLAN), "in_flight"),
    (
        Entry("attempt_ended", {"attempt": "1", "outcome": "deferred", "edits": ["e1"]}, "", PLAN),
        "approved",
    ),
    (
        Entry("attempt_ended", {"attempt": "1", "outcome": "unknown", "edits": ["e1"]}, "", PLAN),
        "unknown",
    ),
    (
        Entry(
            "attempt_ended", {"attempt": "1", "outcome": "not_applied", "edits": ["e1"]}, "", PLAN
        ),
        "approved",
    ),
    (Entry("edit_settled", {"state": "applied", "note": "by us"}, "e1", PLAN), "applied"),
]


def test_state_follows_the_events(ledger: Ledger) -> None:
    """Each event puts its edit into the state that it means; the other edit stays planned."""
    ledger.record("ana", proposal(), proposal("e2"))
    for entry, state in STEPS:
        ledger.record("ana", entry)
        assert states(ledger)["e1"] == state
        assert states(ledger)["e2"] == "planned"
    ((plan, note, final),) = ledger.rows(
        "select plan_hash, note, final_at from edits where edit_id = 'e1'"
    )
    assert (plan, note) == (PLAN, "by us")
    assert final


def test_values_keep_their_kind(ledger: Ledger) -> None:
    """A null, a number and a text that looks like either stay apart; a rebase moves the base."""
    ledger.record("ana", proposal("a", base=None, new_value="null"), proposal("b", base=7))
    assert ledger.rows("select base, new_value from edits order by edit_id") == [
        ("null", '"null"'),
        ("7", '"closed"'),
    ]
    ledger.record("ana", Entry("edit_rebased", {"base": "8", "base_etag": "y"}, "b"))
    assert ledger.rows("select base, base_etag, state from edits where edit_id = 'b'") == [
        ('"8"', "y", "proposed")
    ]


def test_mode_is_set_again(tmp_path: Path) -> None:
    """A ledger that others could read is private again once it is opened."""
    Ledger.open(tmp_path, CLOCK).close()
    (tmp_path / FILE).chmod(0o644)
    Ledger.open(tmp_path, CLOCK).close()
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
