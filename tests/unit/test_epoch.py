"""The epoch: counted in the warehouse, written beside it, and compared before a load."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pendulum
import pytest

from pipelines.errors import StorageError
from pipelines.state.epoch import (
    FILE,
    Epoch,
    Regression,
    UnreadableEpochError,
    check_epoch,
    epoch_beside,
    epoch_inside,
    last_regression,
    went_back,
    write_epoch,
)
from pipelines.state.runs import Meta, PackageOutcome, Progress
from pipelines.warehouse import Warehouse

AT = pendulum.datetime(2026, 3, 2, 9, 0, 0)
LATER = AT.add(hours=1)
MARKS = {"clio_manage.bills": AT, "clio_manage.matters": AT}
EPOCH = Epoch(5, "one", AT, MARKS)
OLDER = {**MARKS, "clio_manage.matters": AT.subtract(seconds=1)}
ABSENT = {"clio_manage.bills": AT}
NEWER = {**MARKS, "clio_manage.matters": LATER, "clio_manage.tasks": AT}


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """Return an open warehouse with its meta schema."""
    with Warehouse(tmp_path) as opened:
        Meta(opened)
        yield opened


def store(warehouse: Warehouse, mark: pendulum.DateTime = AT) -> int:
    """Store a package that moves the watermark of matters."""
    progress = Progress("clio_manage", "matters", watermark=mark)
    return Meta(warehouse).save_walks(PackageOutcome(progress=[progress]), mark, "run-0")


def roll_back(warehouse: Warehouse, load_seq: int, mark: pendulum.DateTime) -> None:
    """Make the warehouse as it was at an earlier load."""
    warehouse.rows("update meta.epoch set load_seq = $1", [load_seq])
    warehouse.rows("update meta.watermarks set watermark = $1", [mark])


def regressions(warehouse: Warehouse) -> list[tuple[str, str, int, int]]:
    """Return the regressions that were noted."""
    found = warehouse.rows(
        "select run_id, reason, epoch_seq, warehouse_seq from meta.regressions order by seen_at"
    )
    return [(run, reason, beside, inside) for run, reason, beside, inside in found]


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        pytest.param(EPOCH, "", id="the same"),
        pytest.param(replace(EPOCH, watermarks=NEWER), "", id="newer and further watermarks"),
        pytest.param(replace(EPOCH, load_seq=6), "", id="one load ahead"),
        pytest.param(
            replace(EPOCH, load_seq=6, watermarks=OLDER), "", id="killed after a full walk"
        ),
        pytest.param(replace(EPOCH, load_seq=4), "load 4 instead of 5", id="a load less"),
        pytest.param(replace(EPOCH, load_seq=0), "load 0 instead of 5", id="no load at all"),
        pytest.param(
            replace(EPOCH, watermarks=OLDER),
            "older watermark of clio_manage.matters",
            id="an older watermark",
        ),
        pytest.param(
            replace(EPOCH, watermarks=ABSENT),
            "older watermark of clio_manage.matters",
            id="a watermark that is gone",
        ),
        pytest.param(
            replace(EPOCH, load_seq=9, watermarks=OLDER),
            "older watermark of clio_manage.matters",
            id="loaded elsewhere",
        ),
        pytest.param(replace(EPOCH, warehouse_id="two"), "another warehouse", id="another one"),
        pytest.param(Epoch(0, "two", AT), "another warehouse", id="a new one beside an old file"),
    ],
)
def test_whether_a_warehouse_went_back(inside: Epoch, reason: str) -> None:
    """By fewer loads, an older watermark or another id; never by being ahead."""
    assert went_back(EPOCH, inside) == reason


def test_the_epoch_counts_every_committed_package(warehouse: Warehouse, tmp_path: Path) -> None:
    """The file beside the warehouse says which package it saw last, and the watermarks."""
    numbers = []
    for _ in range(3):
        numbers.append(store(warehouse))
        write_epoch(warehouse, tmp_path)

    assert numbers == [1, 2, 3]
    found = json.loads((tmp_path / FILE).read_text("utf-8"))
    assert set(found) == {"load_seq", "warehouse_id", "at", "watermarks"}
    assert epoch_beside(tmp_path) == epoch_inside(warehouse)
    assert epoch_inside(warehouse).watermarks == {"clio_manage.matters": AT}
    assert not (tmp_path / "epoch.tmp").exists()


def test_the_epoch_is_whole_or_not_there(warehouse: Warehouse, tmp_path: Path) -> None:
    """The new text goes to a file of its own first: where that fails, the old one stays, and the
    run ends with exit 4.
    """
    write_epoch(warehouse, tmp_path)
    before = (tmp_path / FILE).read_text("utf-8")
    (tmp_path / "epoch.tmp").mkdir()
    store(warehouse)
    with pytest.raises(StorageError, match=r"epoch\.json could not be written") as raised:
        write_epoch(warehouse, tmp_path)
    assert raised.value.exit_code == 4
    assert (tmp_path / FILE).read_text("utf-8") == before


def test_the_epoch_is_replaced_and_never_written_over(warehouse: Warehouse, tmp_path: Path) -> None:
    """A reader that looks while it is written sees one inode or the next, each whole."""
    write_epoch(warehouse, tmp_path)
    first = (tmp_path / FILE).stat().st_ino
    with (tmp_path / FILE).open(encoding="utf-8") as held:
        store(warehouse)
        write_epoch(warehouse, tmp_path)
        assert json.load(held)["load_seq"] == 0
    assert (tmp_path / FILE).stat().st_ino != first


def test_a_warehouse_that_agrees_is_silent(warehouse: Warehouse, tmp_path: Path) -> None:
    """Nothing is said, noted or written."""
    store(warehouse)
    write_epoch(warehouse, tmp_path)
    written = (tmp_path / FILE).stat().st_mtime_ns

    assert check_epoch(warehouse, tmp_path, LATER, "run-1") == ""
    assert regressions(warehouse) == []
    assert (tmp_path / FILE).stat().st_mtime_ns == written


def test_a_new_warehouse_is_silent(tmp_path: Path) -> None:
    """Before the first load there is no file and nothing to say."""
    with Warehouse(tmp_path) as warehouse:
        assert check_epoch(warehouse, tmp_path, AT, "run-1") == ""
        assert last_regression(warehouse) is None
    assert not (tmp_path / FILE).exists()


def test_killed_before_the_file_is_silent(warehouse: Warehouse, tmp_path: Path) -> None:
    """L2: a warehouse ahead of its file is fine; the file follows."""
    write_epoch(warehouse, tmp_path)
    store(warehouse)

    assert check_epoch(warehouse, tmp_path, LATER, "run-1") == ""
    assert regressions(warehouse) == []
    assert epoch_beside(tmp_path) == epoch_inside(warehouse)


def test_a_warehouse_that_went_back(warehouse: Warehouse, tmp_path: Path) -> None:
    """It is noted, its number goes above the file's, and its own watermark stays."""
    for mark in (AT, LATER, LATER):
        store(warehouse, mark)
    write_epoch(warehouse, tmp_path)
    roll_back(warehouse, 1, AT)
    note = check_epoch(warehouse, tmp_path, LATER, "run-1")

    assert "load 1 instead of 3" in note
    assert "nothing is skipped" in note
    assert "clio-sync sweep" in note
    assert regressions(warehouse) == [("run-1", "load 1 instead of 3", 3, 1)]
    assert last_regression(warehouse) == Regression(LATER, "run-1", "load 1 instead of 3", 3, 1)
    assert str(last_regression(warehouse)) == "2026-03-02 10:00:00 (load 1 instead of 3)"
    inside = epoch_inside(warehouse)
    assert (inside.load_seq, inside.watermarks) == (4, {"clio_manage.matters": AT})
    assert epoch_beside(tmp_path) == inside
    assert store(warehouse) == 5


def test_one_alarm_for_one_regression(warehouse: Warehouse, tmp_path: Path) -> None:
    """The next check, before or after a load, has nothing to say."""
    store(warehouse)
    store(warehouse)
    write_epoch(warehouse, tmp_path)
    roll_back(warehouse, 1, AT)
    check_epoch(warehouse, tmp_path, LATER, "run-1")

    assert check_epoch(warehouse, tmp_path, LATER, "run-2") == ""
    store(warehouse)
    assert check_epoch(warehouse, tmp_path, LATER, "run-3") == ""
    assert len(regressions(warehouse)) == 1


@pytest.mark.parametrize("what", ["fewer loads", "another warehouse", "older watermark"])
def test_killed_between_the_row_and_the_file(
    warehouse: Warehouse, tmp_path: Path, what: str
) -> None:
    """A check that died before it came to the file is told again and noted once."""
    store(warehouse)
    store(warehouse, LATER)
    write_epoch(warehouse, tmp_path)
    if what == "another warehouse":
        warehouse.rows("update meta.epoch set warehouse_id = 'other'")
    else:
        roll_back(warehouse, 1 if what == "fewer loads" else 2, AT)
    old = (tmp_path / FILE).read_text("utf-8")
    first = check_epoch(warehouse, tmp_path, LATER, "run-1")
    (tmp_path / FILE).write_text(old, "utf-8")
    second = check_epoch(warehouse, tmp_path, LATER, "run-2")

    assert first == second != ""
    assert [run for run, *_ in regressions(warehouse)] == ["run-1"]
    assert epoch_inside(warehouse).load_seq == 3
    assert epoch_beside(tmp_path) == epoch_inside(warehouse)


def test_a_second_regression_is_an_alarm_of_its_own(warehouse: Warehouse, tmp_path: Path) -> None:
    """The same copy put in place once more is found once more."""
    store(warehouse)
    store(warehouse)
    write_epoch(warehouse, tmp_path)
    for run in ("run-1", "run-2"):
        roll_back(warehouse, 1, AT)
        warehouse.rows("delete from meta.regressions where run_id <> $1", [run])
        assert check_epoch(warehouse, tmp_path, LATER, run) != ""
    assert [run for run, *_ in regressions(warehouse)] == ["run-2"]
    assert epoch_inside(warehouse).load_seq == 4


def test_a_file_that_is_missing(warehouse: Warehouse, tmp_path: Path) -> None:
    """After a load that is worth a note, and no alarm; the file is written anew."""
    store(warehouse)
    note = check_epoch(warehouse, tmp_path, LATER, "run-1")

    assert "epoch.json is missing" in note
    assert regressions(warehouse) == []
    assert check_epoch(warehouse, tmp_path, LATER, "run-2") == ""


UNREADABLE = {
    "empty": "",
    "cut": '{"load_seq": 5, "wareh',
    "a list": "[]",
    "keys missing": '{"load_seq": 5}',
    "no number": '{"load_seq": "x", "warehouse_id": "one", "at": "2026-03-02", "watermarks": {}}',
    "no moment": '{"load_seq": 5, "warehouse_id": "one", "at": "soon", "watermarks": {}}',
    "a date": '{"load_seq": 5, "warehouse_id": "one", "at": "P1D", "watermarks": {}}',
    "marks": '{"load_seq": 5, "warehouse_id": "one", "at": "2026-03-02", "watermarks": []}',
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read(warehouse: Warehouse, tmp_path: Path, text: str) -> None:
    """Whatever stands in it: a note, no alarm, and a new file."""
    store(warehouse)
    (tmp_path / FILE).write_text(text, "utf-8")
    with pytest.raises(UnreadableEpochError):
        epoch_beside(tmp_path)
    note = check_epoch(warehouse, tmp_path, LATER, "run-1")

    assert "epoch.json cannot be read" in note
    assert regressions(warehouse) == []
    assert epoch_beside(tmp_path) == epoch_inside(warehouse)


def test_a_reader_of_an_older_warehouse_finds_no_regression(tmp_path: Path) -> None:
    """A warehouse that has no such table yet has none to tell of."""
    with Warehouse(tmp_path) as warehouse:
        Meta(warehouse)
        warehouse.rows("drop table meta.regressions")
    with Warehouse(tmp_path, read_only=True) as warehouse:
        assert last_regression(warehouse) is None
