"""Nothing of a client and no token is in anything that is written outside the warehouse file."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sources.clio_simulator import Seed, Simulator
from sources.clio_simulator.faults import Action, Cut, EmptyList, NextElsewhere, Status, Value
from tests.system.firm import Firm
from tests.system.process import environment, run

pytestmark = pytest.mark.long

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "CANARY-token-5f1e"
NAME = "CANARY-client-name"
NOTE = "CANARY-note-text"
OPTIONS = [word for name in ("contacts", "notes", "matters") for word in ("--resource", name)]
WORDS = ("load", *OPTIONS)
WAREHOUSE = ("warehouse.duckdb", "warehouse.duckdb.wal")


@pytest.fixture
def planted(firm: Firm) -> Firm:
    """Return a firm whose token, a client's name and a note are canaries."""
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


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """Return a firm that was loaded, where a client was deleted since, another one changed, and a
    note changed silently: each of them is a canary.
    """
    with Simulator(Seed(7), rate_limit=0, tokens={TOKEN}) as clio:
        first, second = sorted(clio.store["contacts"].rows)[:2]
        clio.changes.update("contacts", first, {"name": NAME})
        firm = Firm(clio, tmp_path_factory.mktemp("loaded") / "data")
        assert firm.load("contacts", "notes", "matters").exit_code == 0
        clio.changes.remove("contacts", first)
        clio.changes.update("contacts", second, {"name": NAME})
        note = min(clio.store["notes"].rows)
        clio.changes.update("notes", note, {"detail": NOTE}, silent=True, keep_etag=True)
        yield firm


@pytest.fixture
def swept(loaded: Firm, tmp_path: Path) -> Iterator[Firm]:
    """Return a copy of that firm's data, to be swept with faults of the test's own."""
    firm = Firm(loaded.clio, tmp_path / "data")
    shutil.copytree(loaded.folder, firm.folder)
    yield firm
    loaded.clio.faults.clear()


@pytest.mark.parametrize(
    "words",
    [("--debug", "--json"), *(pytest.param(w, marks=pytest.mark.long) for w in [(), ("--json",)])],
)
def test_sweep(swept: Firm, tmp_path: Path, words: tuple[str, ...]) -> None:
    """A sweep that finds a deletion and silent changes writes of them into the warehouse alone."""
    env = environment(swept.folder, swept.clio, HOME=str(tmp_path))
    done = run("sweep", *OPTIONS, *words, env=env)
    assert done.returncode == 0, done.stderr
    assert len(swept.buried("contacts")) == 1
    assert NOTE in {row["detail"] for row in swept.stored("notes").values()}
    assert canaries([tmp_path], done.stdout, done.stderr) == []


@pytest.mark.parametrize(
    ("fault", "exit_code"),
    [
        ("guard", 5),
        pytest.param("misfit", 4, marks=pytest.mark.long),
        pytest.param("failing", 4, marks=pytest.mark.long),
        pytest.param("refused", 4, marks=pytest.mark.long),
    ],
)
def test_sweep_that_stops(swept: Firm, tmp_path: Path, fault: str, exit_code: int) -> None:
    """A sweep that a guard stops, that meets a row which does not fit, or whose question about an
    absent row fails, says so without any of it, also with --debug.
    """
    item = f"contacts/{min(swept.clio.store['contacts'].gone)}"
    add = swept.clio.faults.add
    if fault == "guard":
        add(EmptyList(), "contacts", times=None)
    elif fault == "misfit":
        add(Value("updated_at", f'"{NAME}"'), "contacts", times=None)
    else:
        answer = 500 if fault == "failing" else 403
        add(Status(answer, message=f"no {NAME} {TOKEN}"), item, times=None)
    env = environment(swept.folder, swept.clio, HOME=str(tmp_path))
    done = run("sweep", *OPTIONS, "--debug", env=env)
    assert done.returncode == exit_code, done.stderr
    assert canaries([tmp_path], done.stdout, done.stderr) == []


@pytest.mark.parametrize(
    "point",
    [
        "ghosts-buried",
        pytest.param("package-committed", marks=pytest.mark.long),
        pytest.param("certificate-saved", marks=pytest.mark.long),
    ],
)
def test_sweep_that_is_killed(swept: Firm, tmp_path: Path, point: str) -> None:
    """After kill -9 only the private working folder may hold rows, and the next sweep clears it."""
    env = environment(swept.folder, swept.clio, CLIO_SYNC__CRASH_AT=point, HOME=str(tmp_path))
    done = run("sweep", *OPTIONS, "--debug", env=env)
    assert done.returncode == -signal.SIGKILL
    left = canaries([tmp_path], done.stdout, done.stderr)
    assert [path for path in left if not path.startswith(str(swept.folder / "dlt"))] == []
    assert swept.sweep("contacts", "notes", "matters").exit_code == 0
    assert canaries([tmp_path], swept.log.getvalue()) == []
