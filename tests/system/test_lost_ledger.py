"""Nothing is proposed on a ledger that was lost or put back older, before a person knows."""

import shutil

import pytest

from pipelines.errors import LedgerError
from pipelines.push.audit import run_accept
from tests.system.writing import AUTHOR, Desk

LEDGER, HEAD = "ledger.sqlite", "ledger-head.json"


def proposed(desk: Desk) -> tuple[int, int]:
    """Propose twice, with a copy of the ledger between; the warehouse has seen both."""
    first, second = (int(row["id"]) for row in desk.firm.clio.dump("matters")[:2])
    desk.propose("matters", first, "description=one")
    for name in (LEDGER, HEAD):
        shutil.copy(desk.firm.folder / name, desk.firm.folder.with_name(name))
    desk.propose("matters", second, "description=two")
    desk.firm.load("matters")
    return first, second


@pytest.mark.parametrize(
    "kept", ["nothing", "the head", "an older one", "an older one and its head"]
)
def test_ledger_that_holds_less(quick_desk: Desk, kept: str) -> None:
    """Whether it is gone or an older one, and whether the file beside it tells or not: proposing
    says so with 7 and makes no new ledger; after a person accepted the loss it goes on.
    """
    desk, folder = quick_desk, quick_desk.firm.folder
    desk.ended = desk.known = False
    first, _ = proposed(desk)
    for path in folder.glob("ledger*"):
        if kept != "the head" or path.name != HEAD:
            path.unlink()
    if kept.startswith("an older"):
        shutil.copy(folder.with_name(LEDGER), folder / LEDGER)
    if kept.endswith("its head"):
        shutil.copy(folder.with_name(HEAD), folder / HEAD)
    before = {path.name: path.read_bytes() for path in folder.glob(LEDGER)}
    with pytest.raises(LedgerError, match="held 2 events once") as raised:
        desk.propose("matters", first, "description=three")
    assert raised.value.exit_code == 7
    assert "clio-sync audit accept" in raised.value.hint
    assert {path.name: path.read_bytes() for path in folder.glob(LEDGER)} == before
    assert run_accept(desk.context(AUTHOR)).exit_code == 0
    (other,) = {int(row["id"]) for row in desk.firm.clio.dump("matters")[2:3]}
    assert desk.propose("matters", other, "description=three")
