"""How far a collection is complete: by the last runs that say something, and by its parents."""

from collections.abc import Iterator
from pathlib import Path

import pendulum
import pytest

from pipelines.state.inputs import keep_inputs, leave_behind, refused
from pipelines.state.runs import Meta
from pipelines.warehouse import Warehouse
from tests.unit.pages import CATALOG

DAY = pendulum.datetime(2026, 3, 2)
SOURCE = "clio_manage"
BILLS, CHILD, OWNER = "bills", "matter_contacts", "matters"
REFUSED = "missing_scope: 403"


class Firm:
    """The `meta` tables of a firm whose bills, or lists of matters, were read."""

    def __init__(self, warehouse: Warehouse) -> None:
        """Make the tables."""
        self.warehouse = warehouse
        self.hours = 0
        Meta(warehouse)

    def ran(self, status: str, error: str = "", *, name: str = BILLS, mode: str = "full") -> None:
        """Note how a run ended, an hour after the one before, and judge all collections."""
        self.hours += 1
        at = DAY.add(hours=self.hours)
        self.warehouse.rows(
            "insert into meta.sync_runs by name select $1 as run_id, $2 as source, $3 as resource,"
            " $4 as mode, $5 as started_at, $6 as status, $7 as error",
            [str(self.hours), SOURCE, name, mode, at, status, error],
        )
        if status == "ok" and mode != "child":
            self.warehouse.rows("delete from meta.watermarks where resource = $1", [name])
            self.warehouse.rows(
                "insert into meta.watermarks by name select $1 as source, $2 as resource,"
                " $3 as watermark, $3 as completed_at",
                [SOURCE, name, at],
            )
        self.judge()

    def judge(self) -> None:
        """Write how far each collection is complete."""
        keep_inputs(self.warehouse, SOURCE, CATALOG.loaded, frozenset())

    def keep_out(self, field: str | None = None) -> None:
        """Keep a bill out, or a value of it."""
        self.warehouse.rows(
            "insert into meta.quarantine by name select $1 as source, $2 as resource,"
            " '7' as record_id, $3 as field, $4 as since",
            [SOURCE, BILLS, field, DAY.add(years=1)],
        )

    def told(self, what: str, name: str = BILLS) -> object:
        """Read a column of `meta.inputs`."""
        query = f"select {what} from meta.inputs where source = $1 and resource = $2"
        ((found,),) = self.warehouse.rows(query, [SOURCE, name])
        return found

    def state(self, name: str = BILLS) -> object:
        """Read the state of a collection."""
        return self.told("state", name)

    def own(self, *parents: int) -> None:
        """Store matters, known to be whole."""
        self.warehouse.rows(f"create schema if not exists raw_{SOURCE}")
        self.warehouse.rows(f"create table if not exists raw_{SOURCE}.{OWNER} (id bigint)")
        for key in parents:
            self.warehouse.rows(f"insert into raw_{SOURCE}.{OWNER} values ($1)", [key])
        self.ran("ok", name=OWNER)

    def read(self, *parents: int, failed: bool = False) -> None:
        """Read the lists of some matters."""
        for key in parents:
            self.warehouse.rows(
                "insert into meta.parents_read values ($1, $2, $3, $4, $5)",
                [SOURCE, CHILD, key, DAY, failed],
            )
        self.ran("ok", name=CHILD, mode="child")


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """Return a firm of which nothing was read."""
    with Warehouse(tmp_path) as warehouse:
        yield Firm(warehouse)


@pytest.mark.parametrize("says_nothing", ["interrupted", "incomplete"])
def test_a_run_that_was_stopped_makes_nothing_complete(firm: Firm, says_nothing: str) -> None:
    """What was refused stays so until a run of that collection ends well, behind or not."""
    firm.ran("ok")
    assert firm.state() == "complete"
    firm.ran(says_nothing, "budget: no request is left")
    assert firm.state() == "complete"
    firm.ran("failed", REFUSED)
    firm.ran(says_nothing, "interrupted: The run was asked to stop.")
    assert (firm.state(), firm.told("reason")) == ("incomplete", REFUSED)
    leave_behind(firm.warehouse, refused(firm.warehouse))
    firm.ran(says_nothing)
    assert firm.state() == "behind"
    firm.ran("ok")
    assert firm.state() == "complete"


@pytest.mark.parametrize(
    ("status", "error"), [("undecided", "undecided: 3 rows"), ("incomplete", "unread: 1 record")]
)
def test_a_list_that_was_read_is_not_behind(firm: Firm, status: str, error: str) -> None:
    """Its records are of today, though some are not had, or nobody knows whether they are gone."""
    firm.ran("ok")
    firm.ran("failed", REFUSED)
    leave_behind(firm.warehouse, refused(firm.warehouse))
    firm.ran(status, error)
    assert firm.state() == "incomplete"
    assert refused(firm.warehouse) == ()


def test_only_what_was_refused_may_be_given_up(firm: Firm) -> None:
    """Not a list of which a value is kept out, nor one that no run came to ask for."""
    firm.ran("ok")
    firm.keep_out("memo")
    firm.ran("ok")
    assert (firm.state(), refused(firm.warehouse)) == ("incomplete", ())
    firm.ran("failed", "network: no answer", mode="")
    assert (firm.state(), refused(firm.warehouse)) == ("incomplete", ())
    firm.ran("failed", REFUSED)
    assert [one.name for one in refused(firm.warehouse)] == ["clio_manage.bills"]


def test_a_frozen_list_may_be_given_up(firm: Firm) -> None:
    """It shows less than is known, so that nobody knows of what day it is."""
    firm.ran("ok")
    firm.warehouse.rows("update meta.watermarks set frozen = 'rows are absent'")
    firm.judge()
    assert [one.name for one in refused(firm.warehouse)] == ["clio_manage.bills"]
    leave_behind(firm.warehouse, refused(firm.warehouse))
    firm.judge()
    assert firm.state() == "behind"


def test_behind_ends_whatever_is_kept_out(firm: Firm) -> None:
    """Once the list is read to its end again."""
    firm.ran("ok")
    firm.ran("failed", REFUSED)
    leave_behind(firm.warehouse, refused(firm.warehouse))
    firm.keep_out("memo")
    firm.ran("ok")
    assert firm.state() == "incomplete"


def test_a_list_of_which_not_all_parents_were_read(firm: Firm) -> None:
    """It is read whole once each parent's was; then a new one only waits for the next load."""
    firm.own(1, 2, 3)
    firm.warehouse.rows(
        "insert into meta.tombstones by name select $1 as source, $2 as resource,"
        " '3' as record_id, now() as detected_at, 'x' as evidence",
        [SOURCE, OWNER],
    )
    firm.read(1)
    assert (firm.state(CHILD), firm.told("reason", CHILD)) == ("never", "1 lists were never read")
    assert firm.told("complete_up_to", CHILD) is None
    firm.read(2)
    assert firm.state(CHILD) == "complete"
    firm.own(4, 5)
    assert (firm.state(CHILD), firm.told("reason", CHILD)) == (
        "incomplete",
        "2 lists were never read",
    )
    firm.read(4)
    firm.read(5, failed=True)
    assert firm.told("reason", CHILD) == "1 lists could not be read"


def test_lists_of_parents_that_were_never_read_whole(firm: Firm) -> None:
    """Nobody knows how many lists there are."""
    firm.own(1)
    firm.warehouse.rows("update meta.watermarks set completed_at = null, watermark = null")
    firm.read(1)
    assert (firm.state(CHILD), firm.told("reason", CHILD)) == (
        "never",
        "matters was never read whole",
    )


def test_complete_up_to_does_not_pass_a_row_that_is_kept_out(firm: Firm) -> None:
    """A single value that is kept out does not hold it."""
    firm.ran("ok")
    firm.keep_out("memo")
    firm.ran("ok")
    before = firm.told("complete_up_to")
    firm.keep_out()
    for _ in range(2):
        firm.ran("ok")
        assert firm.told("complete_up_to") == before
    firm.warehouse.rows("delete from meta.quarantine")
    firm.ran("ok")
    assert firm.told("complete_up_to") != before


def test_a_row_that_was_never_stored(firm: Firm) -> None:
    """Then the list is complete up to no moment."""
    firm.keep_out()
    firm.ran("ok")
    assert (firm.state(), firm.told("complete_up_to")) == ("incomplete", None)
