"""One altered byte of the ledger, wherever it is: reading goes on, and nothing is written on it."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.errors import LedgerError
from pipelines.errors.local import NewerFileError
from pipelines.ledger import mirror
from pipelines.ledger.ledger import FILE, HEAD, Entry, Ledger
from pipelines.ledger.open_work import waiting
from pipelines.state.runs import Meta
from pipelines.warehouse import Warehouse
from sources.clio_http.clock import SystemClock
from sources.errors import ClioError

CLOCK = SystemClock()
SAMPLE, LOCKING = 120, (18, 19)
"""How many bytes are altered; two of the header say how the file is locked, and are waited for."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a ledger of some events."""
    folder = tmp_path_factory.mktemp("made")
    with Ledger.open(folder, CLOCK) as ledger:
        for n in range(6):
            body = {"resource": "matters", "record_id": str(n), "field": "name", "base": None}
            ledger.record("ana", Entry("edit_proposed", {**body, "new_value": "x" * 50}, f"e{n}"))
    return folder


@pytest.fixture
def warehouse(made: Path, tmp_path: Path) -> Iterator[Warehouse]:
    """Return a warehouse that has seen that ledger."""
    for name in (FILE, HEAD):
        shutil.copy(made / name, tmp_path / name)
    with Warehouse(tmp_path) as warehouse:
        Meta(warehouse)
        assert mirror.refresh_from(warehouse, tmp_path, CLOCK) == ""
        yield warehouse


def places(text: bytes) -> list[int]:
    """Choose bytes: those of the schema's page, and of others."""
    chosen = random.Random(7)
    every = [at for at in range(len(text)) if at not in LOCKING]
    written = [at for at in every if text[at]]
    return [*chosen.sample(range(20, 100), 20), *chosen.sample(written, SAMPLE)]


def refusal(folder: Path) -> ClioError | None:
    """Open the ledger to write; give why that is refused."""
    try:
        with Ledger.open(folder, CLOCK) as ledger:
            ledger.demand_whole()
    except ClioError as error:
        return error
    return None


def test_any_byte(warehouse: Warehouse, tmp_path: Path) -> None:
    """The copies in the warehouse and what waits are read or told to be unreadable, and nothing
    else comes of it; what writes finds the ledger whole, or refuses it.
    """
    path = tmp_path / FILE
    whole = path.read_bytes()
    before = warehouse.rows("select * from meta.edits order by edit_id")
    refused = 0
    for at in places(whole):
        for beside in ("-wal", "-shm"):
            path.with_name(FILE + beside).unlink(missing_ok=True)
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        mirror.refresh_from(warehouse, tmp_path, CLOCK)
        waiting(tmp_path, CLOCK)
        error = refusal(tmp_path)
        assert isinstance(error, LedgerError | NewerFileError | None), (at, error)
        refused += error is not None
    assert refused > SAMPLE // 2
    assert warehouse.rows("select * from meta.edits order by edit_id") == before


def test_note_of_a_damaged_ledger(warehouse: Warehouse, tmp_path: Path) -> None:
    """What is wrong is told, with the command that shows more."""
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes().replace(b"TABLE events (", b"TXBLE events ("))
    for note in (mirror.refresh_from(warehouse, tmp_path, CLOCK), waiting(tmp_path, CLOCK).problem):
        assert "the ledger cannot be read" in note
