"""Making and verifying backups in tests."""

import io
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from pipelines.backup import run_create
from pipelines.context import Context
from pipelines.outcome import Outcome
from pipelines.progress import Lines
from tests.system.firm import Firm, QuickClock
from tests.system.setbacks import NAMES

CANARY = "CANARY-client-name"
COPIED = ("warehouse.duckdb", "epoch.json", "mask.key", "ledger.sqlite")
MANIFESTS = ("manifest.json", "manifest.sha256")


def work(firm: Firm, stop: threading.Event | None = None) -> Context:
    """Return what both commands work with."""
    return Context(firm.settings, QuickClock(), Lines(io.StringIO()), stop or threading.Event())


def create(firm: Firm, out: Path | None = None) -> Path:
    """Make a backup and give its folder."""
    outcome = run_create(work(firm), out)
    assert outcome.exit_code == 0
    return Path(outcome.results[0]["backup"])


def backups(firm: Firm) -> list[Path]:
    """Return whatever stands in the folder of backups."""
    home = firm.folder / "backups"
    return sorted(home.iterdir()) if home.exists() else []


def wrong(outcome: Outcome) -> dict[str, str]:
    """Return what a verification found, by name."""
    assert outcome.exit_code == (7 if outcome.errors else 0)
    return {name: str(error) for name, error in outcome.errors}


def fill(firm: Firm) -> None:
    """Load, and put every further file of a data folder beside the warehouse."""
    firm.clio.changes.update("contacts", min(firm.clio.store["contacts"].rows), {"name": CANARY})
    firm.load("contacts", *NAMES)
    (firm.folder / "mask.key").write_text("ab" * 32, "ascii")
    (firm.folder / "token.json").write_text("secret", "utf-8")
    with closing(sqlite3.connect(firm.folder / "ledger.sqlite")) as ledger:
        ledger.execute("create table events (id integer primary key, what text)")
        ledger.executemany("insert into events (what) values (?)", [("sent",), ("answered",)])
        ledger.commit()
