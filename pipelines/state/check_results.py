"""What checks said last, with the rows that are wrong and since when."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pendulum

from pipelines.warehouse import Warehouse

from .builds import insert

DATED = """
select row::varchar, coalesce({since}, checked_at) from meta.check_failures
where check_name = $1 order by all
"""
STANDING = """
select f.check_name, coalesce(nullif(f.model, ''), f.check_name), f.row::varchar,
    coalesce(f.since, f.checked_at), coalesce(c.description, '')
from meta.check_failures f join meta.checks c on c.check_name = f.check_name
order by all
"""
UNDONE = """
select check_name, any_value(failures), max(checked_at) from meta.check_failures
where severity = 'error'
    and check_name not in (select check_name from meta.checks where failures > 0)
group by check_name order by check_name
"""


@dataclass(frozen=True)
class CheckResult:
    """What a check said: how many rows are wrong, and the first of them as JSON.

    With `not_known`, the names of what is not, it said nothing, since it looks at that.
    """

    check: str
    model: str
    severity: str
    failures: int
    signature: str
    not_known: str = ""
    description: str = ""
    rows: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Tell whether nothing that it looked at may stay."""
        return self.failures > 0 and self.severity == "error"


def verdicts(warehouse: Warehouse) -> dict[str, CheckResult]:
    """Read what each check said last of what is built."""
    said = (warehouse.either("checks", name) for name in ("not_known", "description"))
    columns = ", ".join(f"coalesce({one}, '')" for one in said)
    found = warehouse.rows(
        f"select check_name, model, severity, failures, signature, {columns} from meta.checks"  # noqa: S608 - names stand above, values are bound
    )
    return {row[0]: CheckResult(*row) for row in found}


def keep_verdicts(
    warehouse: Warehouse, found: Sequence[CheckResult], run_id: str, at: pendulum.DateTime
) -> None:
    """Write what checks said, in the place of what they said before."""
    names = [verdict.check for verdict in found]
    warehouse.rows("delete from meta.checks where list_contains($1, check_name)", [names])
    rows = [
        (*_said(one), one.signature, run_id, at, one.not_known, one.description) for one in found
    ]
    insert(warehouse, "meta.checks", rows)


def keep_failures(
    warehouse: Warehouse, found: Sequence[CheckResult], run_id: str, at: pendulum.DateTime
) -> None:
    """Write the rows that checks found, in the place of what they found before.

    A row that was found before is as old as it was then.
    """
    kept = warehouse.rows(
        "select check_name, row::varchar, coalesce(since, checked_at) from meta.check_failures"
    )
    before = {(check, row): since for check, row, since in kept}
    names = [verdict.check for verdict in found]
    warehouse.rows("delete from meta.check_failures where list_contains($1, check_name)", [names])
    for one in found:
        if one.failures:
            warehouse.rows(
                "insert into meta.check_failures (run_id, check_name, model, severity, failures,"
                " checked_at, row, since) select $1, $2, $3, $4, $5, $6,"
                " unnest($7::json[]), unnest($8::timestamptz[])",
                [
                    *(run_id, *_said(one), at, list(one.rows)),
                    [before.get((one.check, row), at) for row in one.rows],
                ],
            )


def _said(one: CheckResult) -> tuple[str, str, str, int]:
    return one.check, one.model, one.severity, one.failures


def settle_checks(warehouse: Warehouse, known: Iterable[str]) -> None:
    """Remove what is kept of checks that there are no longer, and rows of builds that were undone.

    Afterwards the rows are those of checks that found some in what is built.
    """
    warehouse.rows("delete from meta.checks where not list_contains($1, check_name)", [list(known)])
    warehouse.rows(
        "delete from meta.check_failures where check_name not in"
        " (select check_name from meta.checks where failures > 0)"
    )


def undone(warehouse: Warehouse) -> dict[str, tuple[int, datetime]]:
    """Return the checks because of which the last build was undone: how many rows, and when.

    Empty where what stands is what was built last.
    """
    if not {"check_failures", "checks"} <= warehouse.layout("meta").keys():
        return {}
    return {name: (rows, at) for name, rows, at in warehouse.rows(UNDONE)}


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


def failing_rows(
    warehouse: Warehouse, checks: Sequence[str], severity: str | None = None
) -> list[tuple[str, str]]:
    """Return the rows that some checks found last, each with the name of its check, as JSON."""
    return warehouse.rows(
        "select check_name, row::varchar from meta.check_failures"
        " where list_contains($1, check_name) and severity = coalesce($2, severity)",
        [list(checks), severity],
    )


def dated_rows(warehouse: Warehouse, check: str) -> list[tuple[str, datetime]]:
    """Return the rows that a check found last, as JSON, each with the moment since when."""
    query = DATED.format(since=warehouse.either("check_failures", "since"))
    return warehouse.rows(query, [check])


def last_failures(warehouse: Warehouse) -> dict[str, CheckResult]:
    """Return what failed last, also in a build that was rolled back, so that no verdict is kept."""
    rows = warehouse.rows(
        "select distinct check_name, model, severity, failures, '' from meta.check_failures"
    )
    return {row[0]: CheckResult(*row) for row in rows}


def standing_failures(warehouse: Warehouse) -> list[tuple[str, str, str, datetime, str]]:
    """Return each row that is wrong: check, model, the row as JSON, since when, what is checked."""
    return warehouse.rows(STANDING)
