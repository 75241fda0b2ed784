"""A warehouse that went back: found, told once, and brought up to date from its own watermarks."""

import random
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.errors import WarehouseError
from pipelines.warehouse import FILE
from tests.system.conftest import NewFirm
from tests.system.firm import Firm
from tests.system.process import environment, run
from tests.system.setbacks import (
    NAMES,
    WAL,
    WORDS,
    assert_healed,
    killed_with_a_log,
    regressions,
    work_goes_on,
)

pytestmark = pytest.mark.long

BLOCK = 262_144
HEADERS = 12_288


def test_older_backup(firm: Firm, tmp_path: Path) -> None:
    """L7: an older copy put in place of the warehouse, its epoch file left, is brought up to date
    without a hole; one regression is noted, and the next load raises no further alarm.
    """
    firm.load(*NAMES)
    shutil.copy(firm.folder / FILE, tmp_path / "older")
    firm.clio.clock.advance(86_400)
    for _ in range(2):
        work_goes_on(firm)
        assert firm.load(*NAMES).exit_code == 0
    shutil.copy(tmp_path / "older", firm.folder / FILE)
    assert_healed(firm, "load 1 instead of 3")
    assert firm.query("select load_seq from meta.epoch") == [(6,)]


def test_what_was_deleted_meanwhile(firm: Firm, tmp_path: Path) -> None:
    """L7: what Clio deleted since the copy is in no list of changes; the sweep that the note asks
    for finds it.
    """
    firm.load(*NAMES)
    firm.sweep(*NAMES)
    shutil.copy(firm.folder / FILE, tmp_path / "older")
    key = min(firm.clio.store["tasks"].rows)
    firm.clio.changes.remove("tasks", key)
    work_goes_on(firm)
    firm.load(*NAMES)
    assert firm.sweep(*NAMES).exit_code == 0
    shutil.copy(tmp_path / "older", firm.folder / FILE)

    assert firm.load(*NAMES).exit_code == 0
    assert firm.buried("tasks") == set()
    assert firm.sweep(*NAMES).exit_code == 0
    assert firm.buried("tasks") == {str(key)}
    assert len(regressions(firm)) == 1


def test_a_sweep_notices_too(firm: Firm, tmp_path: Path) -> None:
    """Where a sweep is the first command after the restore, it tells and heals."""
    firm.load(*NAMES)
    shutil.copy(firm.folder / FILE, tmp_path / "older")
    work_goes_on(firm)
    firm.load(*NAMES)
    shutil.copy(tmp_path / "older", firm.folder / FILE)
    firm.log.truncate(0)

    assert firm.sweep(*NAMES).exit_code == 0
    assert "(load 1 instead of 2)" in firm.log.getvalue()
    assert regressions(firm) == ["load 1 instead of 2"]
    assert firm.differences(*NAMES) == []


def test_what_is_noted(firm: Firm, tmp_path: Path) -> None:
    """The row names the run that noticed, when, and both numbers."""
    firm.load("tasks")
    shutil.copy(firm.folder / FILE, tmp_path / "older")
    firm.load("tasks")
    shutil.copy(tmp_path / "older", firm.folder / FILE)
    outcome = firm.load("tasks")
    found = firm.query("select run_id, epoch_seq, warehouse_seq, seen_at from meta.regressions")
    assert [row[:3] for row in found] == [(outcome.run_id, 2, 1)]
    assert found[0][3] >= outcome.started_at


def test_a_new_warehouse_beside_an_old_file(firm: Firm) -> None:
    """A warehouse that is built anew is told as another one, and is complete."""
    firm.load(*NAMES)
    work_goes_on(firm)
    firm.load(*NAMES)
    (firm.folder / FILE).rename(firm.folder / "aside")
    assert_healed(firm, "another warehouse")


def deleted(path: Path) -> None:
    """Delete the write-ahead log."""
    path.unlink()


def emptied(path: Path) -> None:
    """Leave an empty write-ahead log."""
    path.write_bytes(b"")


def cut(share: float) -> Callable[[Path], None]:
    """Leave a share of the write-ahead log, and never all of it."""

    def damage(path: Path) -> None:
        content = path.read_bytes()
        path.write_bytes(content[: min(int(len(content) * share), len(content) - 1)])

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        deleted,
        emptied,
        *(pytest.param(cut(share), id=f"cut {share}") for share in (0.3, 0.9, 1)),
    ],
)
def test_lost_log(firm: Firm, damage: Callable[[Path], None]) -> None:
    """L5: a write-ahead log that was deleted, emptied or cut opens without an error, with commits
    gone; the load notices, and reads from the warehouse's own watermark what is missing.
    """
    damage(killed_with_a_log(firm))
    assert_healed(firm, "load 1 instead of 2")


def test_log_that_is_whole(firm: Firm) -> None:
    """L2: killed with everything in the write-ahead log and nothing of it lost: no alarm."""
    killed_with_a_log(firm)
    assert firm.load(*NAMES).exit_code == 0
    assert firm.differences(*NAMES) == []
    assert regressions(firm) == []
    assert "clio-sync sweep" not in firm.log.getvalue()


def test_lost_log_of_the_first_load(firm: Firm) -> None:
    """L5: where nothing was in the file itself, the load begins at the beginning."""
    env = environment(firm.folder, firm.clio, CLIO_SYNC__CRASH_AT="epoch-written")
    assert run(*WORDS, env=env).returncode == -signal.SIGKILL
    (firm.folder / WAL).unlink()
    assert_healed(firm, "another warehouse")


def test_flipped_byte_of_the_log(firm: Firm) -> None:
    """L6: with one byte flipped in the write-ahead log the warehouse is refused, with the way to
    restore it and both files left as they are, or it opens and what is lost is read again. Never
    is a row missing after a load that ends with 0.
    """
    log = killed_with_a_log(firm)
    file, content = (firm.folder / FILE).read_bytes(), log.read_bytes()
    epoch = (firm.folder / "epoch.json").read_bytes()
    chance = random.Random(5)
    refused = 0
    for _ in range(12):
        damaged = bytearray(content)
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        (firm.folder / FILE).write_bytes(file)
        (firm.folder / "epoch.json").write_bytes(epoch)
        log.write_bytes(damaged)
        try:
            assert firm.load(*NAMES).exit_code == 0
        except WarehouseError as error:
            refused += 1
            assert_names_the_way_back(error)
            assert (firm.folder / FILE).read_bytes() == file
            assert log.read_bytes() == damaged
        else:
            assert firm.differences(*NAMES) == []
    assert refused > 0


def assert_names_the_way_back(error: WarehouseError) -> None:
    """The hint keeps both files, and leads to a backup or to a new load."""
    assert error.exit_code == 7
    assert "never delete" in error.hint
    assert "clio-sync backup verify" in error.hint
    assert "clio-sync load" in error.hint


def test_flipped_byte_of_the_file(new_firm: NewFirm) -> None:
    """L6: a damaged block is told as damage when the warehouse is opened or when a load meets it,
    never as a full disk or an unknown failure; where no load meets it, the load is right.
    """
    firm = new_firm(activities=900)
    names = ("activities", *NAMES)
    firm.load(*names)
    file = (firm.folder / FILE).read_bytes()
    told = set()
    for start in range(HEADERS, len(file), BLOCK):
        damaged = bytearray(file)
        damaged[start + 64] ^= 1
        (firm.folder / WAL).unlink(missing_ok=True)
        (firm.folder / FILE).write_bytes(damaged)
        try:
            assert firm.load(*names, full=True).exit_code == 0
        except WarehouseError as error:
            assert_names_the_way_back(error)
            told.add(str(error))
        else:
            assert firm.differences(*names) == []
    assert told == {
        "the warehouse cannot be opened (it is damaged)",
        "the warehouse could not be read or written (it is damaged)",
    }
