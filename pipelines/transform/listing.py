"""The commands `models ls`, `models show` and `models docs`: what there is, and what it means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import FileInTheWayError, NoWarehouseError
from pipelines.files import replace_durably
from pipelines.folder import read_warehouse
from pipelines.outcome import Outcome, table
from pipelines.state import builds
from pipelines.state.builds import BuiltModel
from pipelines.templates import rendered
from pipelines.warehouse import Warehouse

from . import inputs
from .binding import bind
from .build import read_plan
from .errors import refuse
from .files import Model
from .inputs import Tables
from .metrics import BASES, read_metrics
from .metrics import FILE as METRICS
from .plan import BuildPlan, selected
from .rules import header_checks
from .run import ModelContext

DEFAULT = "models.html"
BOX, GAP, ROW = 300, 60, 26
"""Pixels of the drawings: widths of a box and between boxes, height of a row."""


@dataclass(frozen=True)
class ModelsView:
    """Everything that is known of the models: files, columns, and what is built of them."""

    plan: BuildPlan
    columns: Tables
    built: Mapping[str, BuiltModel]


def read_view(context: ModelContext) -> ModelsView:
    """Read and bind every model; a warehouse is not needed.

    Raises:
        ModelsError: files are wrong.

    """
    try:
        opened = read_warehouse(context.settings.data_dir)
    except NoWarehouseError:
        return _view(context, None)
    with opened as warehouse:
        return _view(context, warehouse)


def _view(context: ModelContext, warehouse: Warehouse | None) -> ModelsView:
    plan = read_plan(None, context.folders, context.wish(warehouse))
    found: Tables = inputs.stored(warehouse) if warehouse is not None else {}
    columns, problems = bind(plan, found)
    refuse(problems)
    built = {}
    if warehouse is not None and "models" in warehouse.layout("meta"):
        built = builds.built_models(warehouse)
    return ModelsView(plan, columns, built)


def run_ls(context: ModelContext) -> Outcome:
    """List the models in the order of building; raises as `read_view` does."""
    started_at = context.clock.now()
    view = read_view(context)
    results = [_described(view, view.plan.project.models[name]) for name in view.plan.order]
    cells = [(row["model"], row["kind"], row["rows"], row["description"]) for row in results]
    text = table(("model", "kind", "rows", "what it is"), cells) + "\n"
    return Outcome("models ls", started_at, context.clock.now(), results=results, text=text)


def run_show(context: ModelContext, name: str) -> Outcome:
    """Show one model; raises as `read_view` does.

    Raises:
        SelectionError: there is no model of that name.

    """
    started_at = context.clock.now()
    view = read_view(context)
    chosen = selected(view.plan.graph, [name.strip("+")])
    found = [view.plan.project.models[one] for one in view.plan.order if one in chosen]
    results = [_described(view, model) for model in found]
    text = "\n".join(_shown(view, model) for model in found)
    return Outcome("models show", started_at, context.clock.now(), results=results, text=text)


def run_docs(context: ModelContext, out: Path | None) -> Outcome:
    """Write the page of all models; raises as `read_view` does.

    Raises:
        FileInTheWayError: there is something that is no file where it was to be written.

    """
    started_at = context.clock.now()
    view = read_view(context)
    path = out or Path(DEFAULT)
    if path.exists() and not path.is_file():
        message = f"{path.name} is not a file"
        raise FileInTheWayError(message)
    replace_durably(path, _page(view, context.folders))
    results = [{"file": str(path), "models": len(view.plan.order)}]
    text = f"{len(view.plan.order)} models are described in {path}.\n"
    return Outcome("models docs", started_at, context.clock.now(), results=results, text=text)


def _page(view: ModelsView, folders: Sequence[Path]) -> str:
    """Write the page that stands alone: no script, no network, every text escaped."""
    models = view.plan.project.models
    schemas: dict[str, list[Model]] = {}
    for relation in sorted(view.plan.order):
        schemas.setdefault(models[relation].schema, []).append(models[relation])
    defining = [folder for folder in folders if (folder / METRICS).exists()]
    return rendered(
        "transform/page.html",
        title="Models",
        plan=view.plan,
        models=models,
        schemas=schemas,
        columns=view.columns,
        metrics=[metric for folder in defining for metric in read_metrics(folder)],
        bases=BASES,
        facts=lambda model: _facts(model, view.built.get(model.relation)),
        checks=header_checks,
        lineage_of=lambda name: _lineage(view.plan, name),
        width=3 * BOX + 2 * GAP,
        box_width=BOX,
        row=ROW,
    )


def _described(view: ModelsView, model: Model) -> dict[str, Any]:
    header, built = model.header, view.built.get(model.relation)
    comments = header.comments
    return {
        "model": model.relation,
        "kind": model.kind,
        "file": model.file.name,
        "description": header.description,
        "grain": header.grain,
        "basis": header.basis or None,
        "reads": list(view.plan.needs(model.relation)),
        "read_by": view.plan.readers(model.relation),
        "columns": [
            {"name": name, "type": kind, "comment": comments[name][0] if name in comments else None}
            for name, kind in view.columns[model.relation].items()
        ],
        "checks": [check.name for check in header_checks(model)],
        "rows": built.rows if built else None,
        "built_at": built.built_at if built else None,
    }


def _shown(view: ModelsView, model: Model) -> str:
    found = _described(view, model)
    columns = [(one["name"], one["type"], one["comment"]) for one in found["columns"]]
    lines = [
        f"{model.relation}: {model.header.description}",
        f"Grain: {model.header.grain}. Kind: {model.kind}. File: {model.file.name}.",
        f"Reads: {', '.join(found['reads']) or 'nothing'}.",
        f"Read by: {', '.join(found['read_by']) or 'nothing'}.",
        f"Checks: {', '.join(check.description for check in header_checks(model))}.",
        "",
        table(("column", "type", "what it is"), columns),
        "",
        model.file.query,
        "",
    ]
    return "\n".join(lines)


@dataclass(frozen=True)
class Lineage:
    """A drawing: boxes, each with its name and place; lines, each with its ends and its bend."""

    height: int
    boxes: Sequence[tuple[str, float, float]]
    lines: Sequence[tuple[float, ...]]


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
