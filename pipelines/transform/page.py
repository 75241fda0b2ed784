"""All models as one HTML page that stands alone: no script, no network, every text escaped."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from pipelines.state.builds import BuiltModel

from .files import Model
from .inputs import Tables
from .metrics import BASES, Metric
from .plan import BuildPlan
from .rules import header_checks

STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8882; --link: #2563eb; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem; }
h2 { border-bottom: 1px solid var(--line); margin-top: 3rem; }
h3 { font-family: ui-monospace, monospace; margin: 2.5rem 0 .3rem; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
table { border-collapse: collapse; margin: .5rem 0; width: 100%; }
th, td { border: 1px solid var(--line); padding: .2rem .5rem; text-align: left; vertical-align: top; }
th { background: var(--soft); }
td:first-child, pre, code, svg text { font-family: ui-monospace, monospace; font-size: 13px; }
pre { background: var(--soft); overflow: auto; padding: .7rem; }
dl { display: grid; gap: .1rem .8rem; grid-template-columns: max-content 1fr; }
dt { font-weight: 600; } dd { margin: 0; }
svg { display: block; max-width: 100%; } svg rect { fill: var(--soft); stroke: var(--line); }
svg path { fill: none; stroke: var(--line); } svg text { fill: currentColor; }
"""  # noqa: E501
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
BOX, GAP, ROW = 300, 60, 26


def page(
    plan: BuildPlan, columns: Tables, built: Mapping[str, BuiltModel], metrics: Sequence[Metric]
) -> str:
    """Write the page: metrics, an index, then each model with lineage, columns, checks, query."""
    schemas: dict[str, list[str]] = {}
    for relation in sorted(plan.order):
        schemas.setdefault(plan.project.models[relation].schema, []).append(relation)
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Models</title>\n<style>{STYLE}</style>\n</head>\n<body>",
        f"<h1>Models</h1>\n<p>{len(plan.order)} relations, in {len(schemas)} schemas.</p>",
        _metrics(plan, metrics),
        *(_index(plan, schema, names) for schema, names in schemas.items()),
    ]
    for schema, names in schemas.items():
        parts.append(f"<h2>{escape(schema)}</h2>")
        parts += [_model(plan, name, columns[name], built.get(name)) for name in names]
    parts.append(_checks(plan))
    return "\n".join([*parts, "</body>\n</html>\n"])


def _metrics(plan: BuildPlan, metrics: Sequence[Metric]) -> str:
    """Define each metric: what it is, by which date, and out of which relation."""
    rows = [
        (
            escape(metric.name),
            escape(f"{metric.label}. {metric.sentence}"),
            escape(BASES[metric.basis]),
            f"<code>{escape(metric.formula)}</code>"
            + (f" where <code>{escape(metric.filter)}</code>" if metric.filter else ""),
            _link(metric.relation, plan),
        )
        for metric in metrics
    ]
    head = ("metric", "what it is", "placed", "formula", "relation")
    return "<h2>metrics</h2>\n" + _table(head, rows) if rows else ""


def _index(plan: BuildPlan, schema: str, names: Iterable[str]) -> str:
    rows = [
        (_link(name, plan), escape(plan.project.models[name].header.description)) for name in names
    ]
    return f"<h2>{escape(schema)}</h2>\n" + _table(("relation", "what it is"), rows)


def _link(name: str, plan: BuildPlan) -> str:
    text = escape(name)
    return f'<a href="#{text}">{text}</a>' if name in plan.project.models else text


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Lay out cells that are HTML already."""
    first = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows]
    return "\n".join(["<table>", f"<tr>{first}</tr>", *lines, "</table>"])


def _model(plan: BuildPlan, name: str, columns: Mapping[str, str], built: BuiltModel | None) -> str:
    model = plan.project.models[name]
    header, comments = model.header, model.header.comments
    facts = [("Grain", header.grain), ("Date basis", header.basis), ("Kind", model.kind)]
    facts.append(("File", model.file.name))
    if built is not None:
        facts.append(("Built", f"{built.built_at:%Y-%m-%d %H:%M} UTC"))
        facts.append(("Rows", "" if built.rows is None else f"{built.rows:,}"))
    listed = "".join(f"<dt>{key}</dt><dd>{escape(text)}</dd>" for key, text in facts if text)
    cells = [
        (escape(column), escape(kind), escape(comments[column][0] if column in comments else ""))
        for column, kind in columns.items()
    ]
    checks = "".join(
        f"<li>{escape(check.description)} ({check.severity})</li>" for check in header_checks(model)
    )
    return "\n".join(
        [
            f'<h3 id="{escape(name)}">{escape(name)}</h3>',
            f"<p>{escape(header.description)}</p>",
            f"<dl>{listed}</dl>",
            _lineage(plan, name),
            _table(("column", "type", "what it is"), cells),
            f"<ul>{checks}</ul>",
            f"<details><summary>{_summary(model)}</summary>",
            f"<pre>{escape(model.file.query)}</pre></details>",
        ]
    )


def _summary(model: Model) -> str:
    return "Declaration" if model.seed is not None else "Query"


def _lineage(plan: BuildPlan, name: str) -> str:
    """Draw what a relation reads on the left and what reads it on the right."""
    before = sorted(plan.needs(name))
    after = plan.readers(name)
    height = ROW * max(1, len(before), len(after)) + 4
    width, middle = 3 * BOX + 2 * GAP, height / 2
    parts = [_box(plan, name, BOX + GAP, middle - ROW / 2)]
    for at, one in enumerate(before):
        y = 2 + at * ROW
        parts.append(_box(plan, one, 0, y))
        parts.append(_line(BOX, y + ROW / 2, BOX + GAP, middle))
    for at, one in enumerate(after):
        y = 2 + at * ROW
        parts.append(_box(plan, one, 2 * (BOX + GAP), y))
        parts.append(_line(2 * BOX + GAP, middle, 2 * (BOX + GAP), y + ROW / 2))
    label = escape(f"what {name} reads, and what reads it")
    return (
        f'<svg role="img" aria-label="{label}" viewBox="0 0 {width} {height}" width="{width}">'
        f"{''.join(parts)}</svg>"
    )


def _box(plan: BuildPlan, name: str, x: float, y: float) -> str:
    short = name if len(name) < 38 else name[:36] + "…"  # noqa: PLR2004 - what a box has room for
    drawn = (
        f'<rect x="{x + 1}" y="{y + 2}" width="{BOX - 2}" height="{ROW - 4}" rx="4"/>'
        f'<text x="{x + 8}" y="{y + 17}">{escape(short)}</text><title>{escape(name)}</title>'
    )
    known = name in plan.project.models
    return f'<a href="#{escape(name)}">{drawn}</a>' if known else f"<g>{drawn}</g>"


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    half = (x + to_x) / 2
    return f'<path d="M{x} {y} C{half} {y} {half} {to_y} {to_x} {to_y}"/>'


def _checks(plan: BuildPlan) -> str:
    rows = [
        (escape(check.name), escape(check.header.description), escape(check.header.severity))
        for check in sorted(plan.project.singular, key=lambda one: one.name)
    ]
    return "<h2>checks</h2>\n" + _table(("check", "what must be true", "severity"), rows)
