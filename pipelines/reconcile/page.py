"""The package as one page of HTML: it needs no script, no other file and no network."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal

from .definitions import WARN, Definition
from .document import Evidence, ListedRows, ShownLine, lines, shown_value, versions
from .markup import Markup, Piece, joined, tag
from .verdicts import Comparison, ComparisonStatus

STYLE = """
:root{color-scheme:light;font:15px/1.45 system-ui,sans-serif;color:#1b1f24;background:#fff}
body{max-width:72rem;margin:0 auto;padding:1.5rem}
h1{font-size:1.6rem;margin:0 0 .3rem}h2{font-size:1.2rem;margin:2rem 0 .5rem}
p{margin:.4rem 0;max-width:46rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{border-bottom:1px solid #d5d9de;padding:.3rem .5rem;text-align:left;vertical-align:top}
td{overflow-wrap:anywhere;min-width:4rem}
th{background:#f2f4f6}
.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.negative{color:#a4161a}
.status{font-weight:600;white-space:nowrap}
.difference{color:#a4161a}.match{color:#1d6b36}.moved,.tolerance{color:#6b4e00}
.verdict{border:2px solid;padding:.6rem .9rem;font-weight:600;margin:1rem 0}
.sign{height:3.2rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.5rem 0}
dt{color:#57606a}dd{margin:0;overflow-wrap:anywhere}
a{color:#0b57a4}
@media(max-width:40rem){body{padding:.8rem}dl{grid-template-columns:1fr}}
@media print{body{max-width:none;padding:0;font-size:10pt}h2{break-after:avoid}
tr{break-inside:avoid}thead{display:table-header-group}.new-page{break-before:page}
.wide{overflow:visible}a{color:inherit;text-decoration:none}}
"""
MOST_LINES = 1_000
"""Lines in the page; all are in the workbook and the CSV files."""
WORDS = {
    ComparisonStatus.MATCH: "match",
    ComparisonStatus.TOLERANCE: "tolerance",
    ComparisonStatus.NOT_RUN: "not-run",
    ComparisonStatus.MOVED: "moved",
    ComparisonStatus.DIFFERENCE: "difference",
}
LEVELS = {1: "records", 2: "control totals", 3: "Clio's own reports", 4: "between systems"}
NOTHING = "-"
SIGNERS = ("Prepared by", "Reviewed by", "Approved by")


def page(evidence: Evidence) -> str:
    """Write the page."""
    heading = evidence.heading
    title = f"Reconciliation {heading.made_at.to_date_string()}"
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    # the empty icon below is an image, and keeps the browser from asking for another one
    allowed = f"style-src 'sha256-{digest}'; img-src data:"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'"
    head = joined(
        Markup('<meta charset="utf-8">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="referrer" content="no-referrer">'),
        Markup('<link rel="icon" href="data:,">'),
        tag("title", title),
        Markup(f"<style>{STYLE}</style>"),
    )
    body = joined(
        tag("h1", title),
        _verdict(evidence),
        _facts(evidence),
        _differences(
            [one for one in lines(evidence) if one.line.status is not ComparisonStatus.NOT_RUN]
        ),
        _summary(evidence.ordered),
        *(_listing(name, one) for name, one in evidence.listings.items()),
        _definitions([one.definition for one in evidence.ordered]),
        _sign_off(),
    )
    inner = joined(tag("head", head), tag("body", tag("main", body)))
    return f"<!doctype html>\n{tag('html', inner, lang='en')}\n"


def _verdict(evidence: Evidence) -> Markup:
    counts = evidence.counts
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    if evidence.open:
        said = f"{evidence.open:,} open differences."
    elif counts[ComparisonStatus.NOT_RUN]:
        said = "No open difference in what was compared."
    else:
        said = "No open difference."
    css = "difference" if evidence.open else "match"
    return joined(tag("p", said, class_=f"verdict {css}"), tag("p", f"Comparisons: {told}."))


def _facts(evidence: Evidence) -> Markup:
    told = evidence.heading
    facts = {
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
    shown = [joined(tag("dt", name), tag("dd", text or NOTHING)) for name, text in facts.items()]
    demo = tag("p", "This is the invented firm of the demo.") if told.is_demo else Markup("")
    return joined(demo, tag("dl", *shown))


def _moment(at: object) -> str:
    return str(at)[:16].replace("T", " ") + " UTC" if at else ""


def _table(header: Sequence[str], rows: Iterable[Sequence[Piece]]) -> Markup:
    cells = tag("tr", *(tag("th", name, scope="col") for name in header))
    body = [tag("tr", *(_cell(cell) for cell in row)) for row in rows]
    whole = tag("table", tag("thead", cells), tag("tbody", *body))
    return tag("div", whole, class_="wide")


def _cell(cell: Piece) -> Markup:
    return cell if isinstance(cell, Markup) and cell.startswith("<td") else tag("td", cell)


def _number(value: object) -> Markup:
    if not isinstance(value, Decimal):
        return tag("td", str(value) if value is not None else NOTHING)
    text = shown_value(value)
    if value < 0:
        return tag("td", f"({text.removeprefix('-')})", class_="number negative")
    return tag("td", text, class_="number")


def _status(status: ComparisonStatus) -> Markup:
    return tag("td", status.value, class_=f"status {WORDS[status]}")


def _differences(found: Sequence[ShownLine]) -> Markup:
    header = (
        "What", "Record", "Left", "Right", "Difference", "ComparisonStatus", "Cause", "Note", "Id",
    )  # fmt: skip
    rows = [
        (
            one.comparison.definition.what,
            tag("a", one.line.label, href=one.link) if one.link else one.line.label,
            _number(one.line.left),
            _number(one.line.right),
            _number(one.difference),
            _status(one.line.status),
            one.line.cause,
            one.note,
            one.id,
        )
        for one in found[:MOST_LINES]
    ]
    title = tag("h2", "Differences")
    if not rows:
        return joined(title, tag("p", "There is none: every line that was compared is equal."))
    more = len(found) - len(rows)
    note = f"{more:,} further lines are in the workbook." if more > 0 else ""
    left = tag("p", "What left and right are stands under Definitions.")
    return joined(title, left, _table(header, rows), tag("p", note))


def _summary(found: Sequence[Comparison]) -> Markup:
    header = ("Comparison", "Level", "Rows", "Equal", "Left", "Right", "ComparisonStatus", "Why")
    rows = [
        (
            joined(one.definition.what, " (information)" if _warns(one.definition) else ""),
            LEVELS[one.definition.level],
            _number(Decimal(one.rows)),
            _number(Decimal(one.equal)),
            _number(one.left),
            _number(one.right),
            _status(one.status),
            one.reason,
        )
        for one in found
    ]
    return tag("section", tag("h2", "Summary"), _table(header, rows), class_="new-page")


def _warns(definition: Definition) -> bool:
    return definition.severity == WARN


def _listing(name: str, listing: ListedRows) -> Markup:
    title = tag("h2", name)
    if listing.reason:
        return joined(title, tag("p", f"Not run: {listing.reason}."))
    if not listing.rows:
        return joined(title, tag("p", "There is nothing."))
    rows = [[_number(value) for value in row] for row in listing.rows[:MOST_LINES]]
    header = [text.replace("_", " ") for text in listing.names]
    more = len(listing.rows) - len(rows)
    note = f"{more:,} further rows are in the workbook." if more > 0 else ""
    return joined(title, _table(header, rows), tag("p", note))


def _definitions(found: Sequence[Definition]) -> Markup:
    header = ("Comparison", "Left", "Right", "Tolerance", "Because")
    rows = [
        (one.what, one.left, one.right, f"{one.tolerance} {one.unit}", one.reason) for one in found
    ]
    causes = (
        "Timing, missing client, draft state, allocation method, deleted and currency say what a"
        " difference comes from as far as that is known; all others are unexplained. Moved during"
        " run means that the record changed in Clio after the moment that the warehouse is"
        " complete up to."
    )
    return joined(tag("h2", "Definitions"), _table(header, rows), tag("p", causes))


def _sign_off() -> Markup:
    rows = [(signer, tag("td", " ", class_="sign"), " ", " ") for signer in SIGNERS]
    header = ("", "Name", "Signature", "Date")
    return tag("section", tag("h2", "Sign-off"), _table(header, rows), class_="new-page")
