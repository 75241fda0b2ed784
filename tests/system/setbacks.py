"""Setbacks of a warehouse: what is loaded before one, and what must be so after it."""

import signal
from pathlib import Path

from pipelines.warehouse import FILE
from tests.system.firm import Firm
from tests.system.process import environment, run

NAMES = ("matters", "tasks")
WORDS = ("load", *(word for name in NAMES for word in ("--resource", name)))
WAL = FILE + ".wal"


def work_goes_on(firm: Firm) -> None:
    """Let a day pass in which rows change and appear, and load it.

    What changed lies a day before the watermark that the load sets.
    """
    keys = sorted(firm.clio.store["matters"].rows)[:3]
    for key in keys:
        firm.clio.changes.update("matters", key, {"description": f"changed {key}"})
    firm.clio.changes.add("tasks", {"name": "added"})
    firm.clio.clock.advance(86_400)


def regressions(firm: Firm) -> list[str]:
    """Return the reasons of the regressions that were noted."""
    return [reason for (reason,) in firm.query("select reason from meta.regressions")]


def assert_healed(firm: Firm, reason: str) -> None:
    """Load twice: the first load tells and heals, the second one has nothing to say."""
    firm.log.truncate(0)
    outcome = firm.load(*NAMES)
    assert outcome.exit_code == 0, outcome.errors
    assert f"({reason})" in firm.log.getvalue()
    assert "clio-sync sweep" in firm.log.getvalue()
    assert firm.differences(*NAMES) == []
    assert regressions(firm) == [reason]
    firm.log.truncate(0)
    assert firm.load(*NAMES).exit_code == 0
    assert "clio-sync sweep" not in firm.log.getvalue()
    assert regressions(firm) == [reason]


def killed_with_a_log(firm: Firm) -> Path:
    """Load, and load again until killed once all is committed; give the write-ahead log."""
    firm.load(*NAMES)
    firm.clio.clock.advance(86_400)
    work_goes_on(firm)
    env = environment(firm.folder, firm.clio, CLIO_SYNC__CRASH_AT="epoch-written")
    assert run(*WORDS, env=env).returncode == -signal.SIGKILL
    path = firm.folder / WAL
    assert path.stat().st_size > 0
    return path
