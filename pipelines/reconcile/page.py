"""The package as one page of HTML: it needs no script, no other file and no network."""

from decimal import Decimal

from pipelines.templates import rendered

from .document import Evidence, Heading, lines, shown_value, versions
from .verdicts import ComparisonStatus

MOST_LINES = 1_000
"""Lines in the page; all are in the workbook and the CSV files."""
LEVELS = {1: "records", 2: "control totals", 3: "Clio's own reports", 4: "between systems"}
NOTHING = "-"
SIGNERS = ("Prepared by", "Reviewed by", "Approved by")


def page(evidence: Evidence) -> str:
    """Write the page."""
    counts = [f"{count} {name}" for name, count in evidence.counts.items() if count]
    compared = [one for one in lines(evidence) if one.line.status is not ComparisonStatus.NOT_RUN]
    return rendered(
        "reconcile/page.html",
        title=f"Reconciliation {evidence.heading.made_at.to_date_string()}",
        evidence=evidence,
        verdict=_verdict(evidence),
        counts=", ".join(counts),
        facts=_facts(evidence.heading),
        found=compared,
        most=MOST_LINES,
        levels=LEVELS,
        signers=SIGNERS,
        shown=_shown,
    )


def _verdict(evidence: Evidence) -> str:
    if evidence.open:
        return f"{evidence.open:,} open differences."
    if evidence.counts[ComparisonStatus.NOT_RUN]:
        return "No open difference in what was compared."
    return "No open difference."


def _facts(told: Heading) -> dict[str, str]:
    return {
        "Run": told.run_id,
        "Made": _moment(told.made_at),
        "By": told.actor,
        "Clio": " account ".join(filter(None, (told.host, told.account))),
        "Newest load": _moment(told.loaded_at),
        "Models built": _moment(told.built_at),
        "Scope": told.scope,
        "Ledger": told.audit_head,
        "Versions": ", ".join(f"{name} {number}" for name, number in versions().items()),
    }


def _moment(at: object) -> str:
    return str(at)[:16].replace("T", " ") + " UTC" if at else ""


def _shown(value: object) -> tuple[str, str]:
    """Return what a cell shows of a value, and the style classes of that cell."""
    if not isinstance(value, Decimal):
        return str(value) if value is not None else NOTHING, ""
    text = shown_value(value)
    return (f"({text.removeprefix('-')})", "number negative") if value < 0 else (text, "number")
