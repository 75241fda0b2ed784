"""Running checks: how many rows are wrong, and which are the first of them."""

from pipelines.state.check_results import CheckResult
from pipelines.warehouse import Warehouse

from .knowing import Reasons
from .rules import Check

KEPT_ROWS = 100
"""So many of a check's rows are kept; all are counted."""


def evaluate(warehouse: Warehouse, check: Check, query: str, signature: str) -> CheckResult:
    """Run a check; `query` is as it is run, with what stands in for absent tables."""
    ((failures,),) = warehouse.rows(f"select count(*) from (\n{query}\n) f")
    rows: list[tuple[str]] = []
    if failures:
        rows = warehouse.rows(f"select to_json(f)::varchar from (\n{query}\n) f limit {KEPT_ROWS}")
    return CheckResult(
        check.name,
        check.model,
        check.severity,
        failures,
        signature,
        description=check.description,
        rows=tuple(row for (row,) in rows),
    )


def unsaid(check: Check, why: Reasons, signature: str) -> CheckResult:
    """Return the verdict of a check that says nothing, since what it looks at is not known."""
    names = ", ".join(dict.fromkeys(one.name for one in why))
    return CheckResult(check.name, check.model, check.severity, 0, signature, names)
