"""All models as one HTML page that stands alone: no script, no network, every text escaped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.state.builds import BuiltModel
from pipelines.templates import rendered

from .files import Model
from .inputs import Tables
from .metrics import BASES, Metric
from .plan import BuildPlan
from .rules import header_checks

BOX, GAP, ROW = 300, 60, 26


@dataclass(frozen=True)
class Lineage:
    """A drawing: boxes, each with its name and place; lines, each with its ends and its bend."""

    height: int
    boxes: Sequence[tuple[str, float, float]]
    lines: Sequence[tuple[float, ...]]


def page(
    plan: BuildPlan, columns: Tables, built: Mapping[str, BuiltModel], metrics: Sequence[Metric]
) -> str:
    """Write the page: metrics, an index, then each model with lineage, columns, checks, query."""
    models = plan.project.models
    schemas: dict[str, list[Model]] = {}
    for relation in sorted(plan.order):
        schemas.setdefault(models[relation].schema, []).append(models[relation])
    return rendered(
        "transform/page.html",
        title="Models",
        plan=plan,
        models=models,
        schemas=schemas,
        columns=columns,
        metrics=metrics,
        bases=BASES,
        facts=lambda model: _facts(model, built.get(model.relation)),
        checks=header_checks,
        lineage_of=lambda name: _lineage(plan, name),
        width=3 * BOX + 2 * GAP,
        box_width=BOX,
        row=ROW,
    )


def _facts(model: Model, built: BuiltModel | None) -> dict[str, str]:
    return {
        "Grain": model.header.grain,
        "Date basis": model.header.basis,
        "Kind": model.kind,
        "File": model.file.name,
        "Built": f"{built.built_at:%Y-%m-%d %H:%M} UTC" if built else "",
        "Rows": f"{built.rows:,}" if built and built.rows is not None else "",
    }


def _lineage(plan: BuildPlan, name: str) -> Lineage:
    """Place what a relation reads on the left and what reads it on the right."""
    before, after = sorted(plan.needs(name)), plan.readers(name)
    height = ROW * max(1, len(before), len(after)) + 4
    middle, right = height / 2, 2 * (BOX + GAP)
    boxes, lines = [(name, BOX + GAP, middle - ROW / 2)], []
    for names, x, line in ((before, 0, (BOX, BOX + GAP)), (after, right, (right, right - GAP))):
        for at, one in enumerate(names):
            y = 2 + at * ROW
            boxes.append((one, x, y))
            lines.append((line[0], y + ROW / 2, sum(line) / 2, line[1], middle))
    return Lineage(height, boxes, lines)
