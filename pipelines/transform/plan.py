"""What there is to build, in order: the files, and what each of them reads."""

import graphlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from .errors import ModelProblem, SelectionError, unknown
from .files import Project, SqlFile, text_hash
from .queries import DAY, QueryProblem, parse, reads, references, replaced
from .rules import Check, header_checks, singular_check

Graph = Mapping[str, frozenset[str]]
"""Each relation with those that it reads directly."""


class CycleError(Exception):
    """Relations that need each other: `circle` names them, the first one again at the end."""

    def __init__(self, circle: list[str]) -> None:
        """Take the circle."""
        super().__init__(" -> ".join(circle))
        self.circle = circle


def ordered(graph: Graph) -> tuple[str, ...]:
    """Put every relation behind those that it reads; the same graph gives the same order.

    Raises:
        CycleError: there is no such order.

    """
    sorter = graphlib.TopologicalSorter({name: sorted(graph[name]) for name in sorted(graph)})
    try:
        return tuple(name for name in sorter.static_order() if name in graph)
    except graphlib.CycleError as error:
        raise CycleError(error.args[1][::-1]) from None


def upstream(graph: Graph, names: Iterable[str]) -> frozenset[str]:
    """Return everything that some relations need, they themselves included."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found and name in graph:
            found.add(name)
            waiting += graph[name]
    return frozenset(found)


def downstream(graph: Graph, names: Iterable[str]) -> frozenset[str]:
    """Return everything that needs some relations, they themselves included."""
    turned: dict[str, set[str]] = {name: set() for name in graph}
    for name, needed in graph.items():
        for one in needed & graph.keys():
            turned[one].add(name)
    return upstream({name: frozenset(found) for name, found in turned.items()}, names)


def selected(graph: Graph, wishes: Iterable[str]) -> frozenset[str]:
    """Return what `--select` takes: `name`, `+name` with what it needs, `name+` with what needs it.

    Raises:
        SelectionError: there is no relation of that name.

    """
    found: set[str] = set()
    for wish in wishes:
        name = wish.strip("+")
        named = [one for one in graph if name in {one, one.partition(".")[2]}]
        if not named:
            valid = sorted({*graph, *(one.partition(".")[2] for one in graph)})
            raise SelectionError(unknown("model", name, valid))
        found |= set(named)
        found |= upstream(graph, named) if wish.startswith("+") else set()
        found |= downstream(graph, named) if wish.endswith("+") else set()
    return frozenset(found)


@dataclass(frozen=True)
class BuildPlan:
    """A project in order; `reads` has what each model and each check file reads, by key."""

    project: Project
    reads: Mapping[str, tuple[str, ...]]
    order: tuple[str, ...] = ()

    @cached_property
    def graph(self) -> Graph:
        """Return each model with the models that it reads."""
        models = self.project.models
        return {name: frozenset(self.needs(name)) & models.keys() for name in models}

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """Return every test, of headers and of files."""
        headers = (c for model in self.project.models.values() for c in header_checks(model))
        files = (
            singular_check(check, check.file.query, self.needs(check.key))
            for check in self.project.singular
        )
        return (*headers, *files)

    @cached_property
    def outside(self) -> frozenset[str]:
        """Return what is read, or named by a header, and is no model."""
        read = {name for names in self.reads.values() for name in names}
        read |= {name for check in self.checks for name in check.reads}
        return frozenset(read - self.project.models.keys() - {DAY})

    def needs(self, name: str) -> tuple[str, ...]:
        """Return the relations that a model or a check file reads."""
        return tuple(relation for relation in self.reads[name] if relation != DAY)

    def readers(self, name: str) -> list[str]:
        """Return the models that read a model, by name."""
        return sorted(one for one, needed in self.graph.items() if name in needed)

    def file(self, name: str) -> SqlFile:
        """Return the file of a model or a check."""
        return _queries(self.project)[name]

    def lines(self, name: str) -> Iterator[tuple[str, int]]:
        """Yield each relation that a file reads, with the line where it stands."""
        if self.reads[name]:
            query = parse(self.file(name).text)
            yield from ((found.relation, found.line) for found in references(query))

    @property
    def parsed(self) -> dict[str, tuple[str, ...]]:
        """Return what each query reads, by the hash of its text."""
        found = _queries(self.project)
        return {text_hash(file.text): self.reads[name] for name, file in found.items()}


def _queries(project: Project) -> dict[str, SqlFile]:
    models = {name: model.file for name, model in project.models.items() if model.seed is None}
    return models | {check.key: check.file for check in project.singular}


def make_plan(
    project: Project, parsed: Mapping[str, tuple[str, ...]], problems: list[ModelProblem]
) -> BuildPlan:
    """Put a project in order.

    Args:
        project: what was read.
        parsed: what queries read, by the hash of their text, where that is known already.
        problems: what is wrong is added to these.

    """
    found: dict[str, tuple[str, ...]] = dict.fromkeys(project.models, ())
    for name, file in _queries(project).items():
        try:
            known = parsed.get(text_hash(file.text))
            found[name] = reads(parse(file.text)) if known is None else known
        except QueryProblem as problem:
            problems.append(ModelProblem(file.name, problem.line, str(problem)))
            found[name] = ()
    plan = BuildPlan(project, found)
    try:
        return BuildPlan(project, found, ordered(plan.graph))
    except CycleError as error:
        problems.append(_circle(plan, error.circle))
        return plan


def _circle(plan: BuildPlan, circle: list[str]) -> ModelProblem:
    """Tell a cycle at the line where its first relation reads the next."""
    first, second = circle[0], circle[1]
    for one, other in ((first, second), (second, first)):
        for relation, line in plan.lines(one):
            if relation == other:
                text = f"a cycle: {' -> '.join(circle)}"
                return ModelProblem(plan.file(one).name, line, text)
    return ModelProblem(plan.file(first).name, 1, f"a cycle: {' -> '.join(circle)}")


def rendered(plan: BuildPlan, name: str, stand_ins: Mapping[str, str]) -> str:
    """Return a query with other SQL in the place of absent raw tables; a seed has no query."""
    if plan.project.models.get(name) and plan.project.models[name].seed:
        return ""
    file = plan.file(name)
    if not stand_ins.keys() & set(plan.reads[name]):
        return file.query
    return replaced(file.query, parse(file.query), dict(stand_ins))
