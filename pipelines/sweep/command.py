"""The `sweep` command: what was proved, and what was found."""

import json
from collections.abc import Sequence
from typing import Any

from pipelines.context import Context
from pipelines.folder import demand_warehouse
from pipelines.load.command import Stage, left_over, run_stage
from pipelines.load.planning import EVERYTHING, Choice
from pipelines.load.runner import WholeRun
from pipelines.outcome import Outcome, counted, table
from pipelines.state.certificates import GUARD, UNEQUAL, Certificate
from pipelines.state.certificates import PROVED as CERTAIN

from .sweep import Sweep

PROVED = (
    "rows_clio",
    "rows_warehouse",
    "missing",
    "ghost",
    "stale",
    "healed",
    "undecided",
    "late_seconds",
    "digest_clio",
    "digest_warehouse",
    "walked_at",
    "status",
)
SHOWN = ("resource", *PROVED[:6], "status")
MANY = 2
NOT_PROVED = {GUARD: "stopped by the guard", UNEQUAL: "still not equal"}
"""What a certificate may say that proves nothing, in words."""
HEADINGS = ("collection", "in Clio", "here", "missing", "ghost", "stale", "healed", "certificate")


def run_sweep(context: Context, names: Sequence[str], choice: Choice = EVERYTHING) -> Outcome:
    """Prove the named products collection by collection; raises as `run_stage` does.

    Raises:
        NoWarehouseError: nothing was loaded yet.

    """
    demand_warehouse(context.settings.data_dir)
    return run_stage(SWEEP, context, names, choice)


def _certificates(runner: WholeRun) -> dict[str, Certificate]:
    return {c.resource: c for c in runner.certificates} if isinstance(runner, Sweep) else {}


def _results(runner: WholeRun) -> list[dict[str, Any]]:
    """Return one object for each collection: the walk, and the certificate where there is one."""
    proved, walks = _certificates(runner), {row.resource: row for row in runner.result.rows}
    found = []
    for name in sorted(runner.result.complete):
        row, certificate = walks.get(name), proved.get(name)
        found.append(
            {
                "source": runner.source,
                "resource": name,
                "mode": "sweep",
                "requests": row.requests if row else 0,
                "rows_read": row.rows_read if row else 0,
                "quarantined": row.quarantined if row else 0,
                "complete": certificate is not None,
                **{key: getattr(certificate, key, None) for key in PROVED},
                "parts": json.loads(certificate.parts) if certificate else None,
            }
        )
    return found


def _text(runner: WholeRun) -> str:
    proved = _certificates(runner)
    differing = [c for c in proved.values() if c.missing + c.ghost + c.stale or c.status != "ok"]
    parts = []
    if differing:
        cells = [[getattr(c, key) for key in SHOWN] for c in differing]
        parts.append(table(HEADINGS, cells))
    parts.append(_summary(list(proved.values()), len(proved) - len(differing), runner))
    parts += [told for _, c in sorted(proved.items()) if (told := _parts(c))]
    unproved = [name for name in runner.result.complete if name not in proved]
    parts += left_over(runner.result, unproved, "sweep", "Not proved in this run")
    return "\n".join(parts) + "\n"


def _summary(certificates: Sequence[Certificate], equal: int, runner: WholeRun) -> str:
    """Count what is proved; a certificate may also say that nothing is."""
    good = [c for c in certificates if c.status in CERTAIN]
    rows = sum(c.rows_clio for c in good)
    sent = counted(runner.result.requests, "request")
    parts = [
        f"{counted(len(good), 'collection')} proved, {counted(rows, 'row')}, {sent}",
        f"{equal:,} {'was' if equal == 1 else 'were'} equal without a change",
    ]
    for status, words in NOT_PROVED.items():
        if number := sum(c.status == status for c in certificates):
            parts.append(f"{number:,} {words}")
    return "; ".join(parts) + "."


def _parts(certificate: Certificate) -> str:
    """Say of a walk that took several runs when each part of it was read."""
    read = json.loads(certificate.parts)
    if len(read) < MANY:
        return ""
    told = ", ".join(f"{part['rows']:,} rows on {part['walked_at'][:16]}" for part in read)
    return f"{certificate.resource} was read in {len(read)} parts: {told} (UTC)."


SWEEP = Stage("sweep", Sweep, _results, _text)
