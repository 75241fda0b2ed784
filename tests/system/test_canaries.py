"""Nothing of a client and no token is in anything that is written outside the warehouse file."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sources.clio_simulator.faults import Action, Cut, NextElsewhere, Status, Value
from tests.system.firm import Firm
from tests.system.process import environment, run

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "CANARY-token-5f1e"  # noqa: S105 - planted, to be searched for
NAME = "CANARY-client-name"
NOTE = "CANARY-note-text"
WORDS = ("load", *(w for n in ("contacts", "notes", "matters") for w in ("--resource", n)))
WAREHOUSE = ("warehouse.duckdb", "warehouse.duckdb.wal")


@pytest.fixture
def planted(firm: Firm) -> Firm:
    """Give a firm whose token, a client's name and a note are canaries."""
    firm.clio.switches.tokens = {TOKEN}
    firm.clio.changes.update("contacts", min(firm.clio.store["contacts"].rows), {"name": NAME})
    firm.clio.changes.update("notes", min(firm.clio.store["notes"].rows), {"detail": NOTE})
    return firm


def canaries(folders: list[Path], *texts: str) -> list[str]:
    """Name every place outside the warehouse file in which a canary stands."""
    files = [p for folder in folders for p in folder.rglob("*") if p.is_file()]
    files = [p for p in files if p.name not in WAREHOUSE]
    found = [str(p) for p in files if b"CANARY" in p.read_bytes()]
    return found + [text for text in texts if "CANARY" in text]


@pytest.mark.parametrize("words", [(), ("--debug",), ("--json",), ("--debug", "--json")])
def test_success(planted: Firm, tmp_path: Path, words: tuple[str, ...]) -> None:
    """A load that succeeds writes rows into the warehouse and nothing about them elsewhere."""
    home = tmp_path / "home"
    home.mkdir()
    env = environment(planted.folder, planted.clio, HOME=str(home), DLT_DATA_DIR=str(home))
    done = run(*WORDS, *words, env=env)
    assert done.returncode == 0, done.stderr
    assert NAME in {row["name"] for row in planted.stored("contacts").values()}
    assert canaries([tmp_path], done.stdout, done.stderr) == []


@pytest.mark.parametrize(
    "fault", ["status", "cut", "foreign", "quarantine", "unauthorised", "text"]
)
def test_failure(planted: Firm, tmp_path: Path, fault: str) -> None:
    """A load that fails, with --debug, says what went wrong without any of it."""
    faults: dict[str, Callable[[], Action]] = {
        "status": lambda: Status(500, message=f"no {NAME} {TOKEN}"),
        "cut": lambda: Cut(0.7),
        "foreign": lambda: NextElsewhere("https://evil.example"),
        "quarantine": lambda: Value("updated_at", f'"{NAME}"'),
        "unauthorised": lambda: Status(401, body=f'{{"error": "{NAME}"}}'),
        "text": lambda: Status(422, type="ArgumentError", message=f"{NAME} is not {NOTE}"),
    }
    planted.clio.faults.add(faults[fault](), "contacts", times=None)
    done = run(*WORDS, "--debug", env=environment(planted.folder, planted.clio))
    assert done.returncode in {0, 3, 4}
    assert canaries([tmp_path], done.stdout, done.stderr) == []


@pytest.mark.parametrize("point", ["page-read", "package-committed", "epoch-written"])
def test_crash(planted: Firm, tmp_path: Path, point: str) -> None:
    """After kill -9 only the private working folder may hold rows, and the next load clears it."""
    env = environment(planted.folder, planted.clio, CLIO_SYNC__CRASH_AT=point)
    done = run(*WORDS, "--debug", env=env)
    assert done.returncode == -signal.SIGKILL
    left = canaries([tmp_path], done.stdout, done.stderr)
    assert [path for path in left if not path.startswith(str(planted.folder / "dlt"))] == []
    again = run(*WORDS, env=environment(planted.folder, planted.clio))
    assert again.returncode == 0, again.stderr
    assert canaries([tmp_path], again.stdout, again.stderr) == []


def test_failing_engine(planted: Firm, tmp_path: Path) -> None:
    """If the engine itself fails, its exception, which quotes rows, is told only by its place."""
    planted.load("contacts")
    env = environment(planted.folder, planted.clio)
    with planted.opened():
        pass
    (planted.folder / "dlt").write_text("in the way")
    done = run("load", "--resource", "notes", "--full", "--debug", env=env)
    assert done.returncode in {0, 1, 4}
    assert canaries([tmp_path], done.stdout, done.stderr) == []
