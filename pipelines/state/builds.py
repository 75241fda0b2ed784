"""What became of the last build of the models: whether it stands, and which loads are in it."""

import shlex
from collections.abc import Mapping
from datetime import UTC, datetime

from pipelines.warehouse import Warehouse

UNDONE = """
select check_name, any_value(failures), max(checked_at) from meta.check_failures
where severity = 'error'
    and check_name not in (select check_name from meta.checks where failures > 0)
group by check_name order by check_name
"""
LAST_LOAD = """
select max(finished_at) from meta.sync_runs where mode <> 'sweep' and status = 'ok'
    and finished_at <= coalesce((select max(as_of) from meta.built_up_to), finished_at)
"""


def undone(warehouse: Warehouse) -> dict[str, tuple[int, datetime]]:
    """Give the checks because of which the last build was undone: how many rows, and when.

    Empty where what stands is what was built last.
    """
    if not {"check_failures", "checks"} <= warehouse.layout("meta").keys():
        return {}
    return {name: (rows, at) for name, rows, at in warehouse.rows(UNDONE)}


def last_load(warehouse: Warehouse) -> datetime | None:
    """Give when the newest complete load ended that is in what is built; None if none is."""
    if not {"sync_runs", "built_up_to"} <= warehouse.layout("meta").keys():
        return None
    found: datetime | None
    ((found,),) = warehouse.rows(LAST_LOAD)
    return found


def told_undone(found: Mapping[str, tuple[int, datetime]]) -> str:
    """Say in a line that the last build was undone, and how to see why; nothing where it stands."""
    if not found:
        return ""
    first, (_, at) = next(iter(found.items()))
    checks = "1 check" if len(found) == 1 else f"{len(found)} checks"
    when = at.astimezone(UTC)
    return (
        f"The last build was undone at {when:%Y-%m-%d %H:%M} UTC, since {checks} failed: figures"
        f" are those of the build before it. clio-sync check show {shlex.quote(first)} shows the"
        " rows.\n"
    )
