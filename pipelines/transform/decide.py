"""What a build has to do, decided before it begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.state.builds import BuiltModel
from pipelines.state.check_results import CheckResult

from .errors import ModelProblem
from .files import text_hash
from .header import APPEND, VIEW
from .plan import BuildPlan, downstream, selected, upstream
from .rules import Check

FORMAT = "2"
"""Counted up when the same files would be built into something else; 2 knows what is not known."""


@dataclass(frozen=True)
class BuiltState:
    """What is in the warehouse: models that were built, relations with their kind, verdicts."""

    models: Mapping[str, BuiltModel] = field(default_factory=dict)
    relations: Mapping[str, str] = field(default_factory=dict)
    verdicts: Mapping[str, CheckResult] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What to build, in order, what to drop, and which checks to run.

    `kept` are the signatures that the models have afterwards; empty for one that is built on
    something which is not as its files and the raw tables say.
    """

    models: tuple[str, ...]
    dropped: tuple[str, ...]
    checks: tuple[Check, ...]
    kept: Mapping[str, str]
    check_signatures: Mapping[str, str]

    @property
    def nothing(self) -> bool:
        """Tell whether everything is as it should be."""
        return not (self.models or self.dropped or self.checks)


def signatures(plan: BuildPlan, states: Mapping[str, str]) -> dict[str, str]:
    """Digest each model with all that it is made of; `states` are those of the raw tables."""
    found: dict[str, str] = {}
    for relation in plan.order:
        model = plan.project.models[relation]
        inputs = [(name, found.get(name) or states[name]) for name in plan.reads[relation]]
        found[relation] = text_hash(repr((FORMAT, model.hash, inputs)))
    return found


def foreign(plan: BuildPlan, standing: BuiltState) -> list[ModelProblem]:
    """Find relations that are in a model's place and that no build made."""
    return [
        ModelProblem(
            model.file.name,
            1,
            f"the warehouse has a {standing.relations[name]} {name} that transform did not make;"
            " rename or drop it",
        )
        for name, model in plan.project.models.items()
        if name in standing.relations and name not in standing.models
    ]


def decide(
    plan: BuildPlan,
    states: Mapping[str, str],
    standing: BuiltState,
    *,
    select: Sequence[str] = (),
    full: bool = False,
) -> Decision:
    """Decide what to build.

    Args:
        plan: what there is.
        states: what the raw tables hold, digested, by relation.
        standing: what is built.
        select: as `graph.selected` takes it; empty for whatever changed.
        full: build everything, changed or not.

    Raises:
        SelectionError: there is no model of a name.

    """
    wanted = signatures(plan, states)
    if select:
        chosen = _selected(plan, standing, select)
        dropped: tuple[str, ...] = ()
    else:
        chosen = {name for name in wanted if full or _is_stale(plan, standing, wanted, name)}
        gone = standing.models.keys() - plan.project.models.keys()
        # what was appended cannot be had again, so it outlives its file
        dropped = tuple(sorted(name for name in gone if standing.models[name].kind != APPEND))
    kept = _kept(plan, standing, wanted, chosen)
    marks = {check.name: _mark(check, kept, states) for check in plan.checks}
    there, checks = standing.models.keys() | chosen, []
    for check in plan.checks:
        before = standing.verdicts.get(check.name)
        is_new = before is None or before.signature != marks[check.name]
        can = all(name in there for name in check.reads if name in wanted)
        touched = any(name in chosen for name in check.reads)
        if can and (touched or ((full or is_new) and not select)):
            checks.append(check)
    order = tuple(name for name in plan.order if name in chosen)
    return Decision(order, dropped, tuple(checks), kept, marks)


def _is_stale(plan: BuildPlan, standing: BuiltState, wanted: Mapping[str, str], name: str) -> bool:
    built = standing.models.get(name)
    there = standing.relations.get(name) == plan.project.models[name].stored_as
    return built is None or not there or built.signature != wanted[name]


def _selected(plan: BuildPlan, standing: BuiltState, select: Sequence[str]) -> set[str]:
    """Return what was selected, what it needs and is not there, and the views on top."""
    named = selected(plan.graph, select)
    there = standing.models.keys() & standing.relations.keys()
    chosen = set(named | (upstream(plan.graph, named) - there))
    above = downstream(plan.graph, chosen)
    for name in plan.order:
        can = plan.graph[name] <= there | chosen
        if name in above and can and plan.project.models[name].kind == VIEW:
            chosen.add(name)
    return chosen


def _kept(
    plan: BuildPlan, standing: BuiltState, wanted: Mapping[str, str], chosen: set[str]
) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name in plan.order:
        same = name in chosen or not _is_stale(plan, standing, wanted, name)
        sound = same and all(kept[need] for need in plan.graph[name])
        kept[name] = wanted[name] if sound else ""
    return kept


def _mark(check: Check, kept: Mapping[str, str], states: Mapping[str, str]) -> str:
    found = [(name, kept[name] if name in kept else states[name]) for name in check.reads]
    return text_hash(repr((check.query, check.severity, found))) if all(v for _, v in found) else ""
