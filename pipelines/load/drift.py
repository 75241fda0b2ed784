"""Differences between Clio and the catalogue that a package showed."""

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute

from pipelines.state.runs import Drift
from sources.clio_http.plan import WalkPlan
from sources.errors import CollectionGoneError

if TYPE_CHECKING:
    from .task import Task

STAMP = "updated_at"


def of_the_future(plan: WalkPlan, rows: pa.Table) -> int:
    """Count the rows whose stamp no clock can have given: over a day ahead of the server's."""
    if STAMP not in rows.column_names:
        return 0
    latest = (plan.run_at or plan.started_at).add(days=1)
    ahead = pa.compute.greater(rows[STAMP], pa.scalar(latest, rows[STAMP].type))
    return int(pa.compute.sum(ahead).as_py() or 0)


def drift_of(task: "Task") -> list[Drift]:
    """Say what was refused, is gone, is new, does not fit, or bears a stamp of the future."""
    pending = task.pending
    refused = sorted(task.walk.refused | task.walk.given_up)
    found = [(name, "refused") for name in refused]
    found += [(name, "gone") for name in pending.absent]
    found += [(name, "new") for name in sorted(pending.new)]
    found += [(name, "type") for name in sorted({one.field or "" for one in pending.quarantined})]
    if pending.future:
        found.append((STAMP, "future"))
    if isinstance(task.walk.error, CollectionGoneError):
        found.append(("", "collection_gone"))
    return [Drift(task.source, task.name, name, kind) for name, kind in found]
