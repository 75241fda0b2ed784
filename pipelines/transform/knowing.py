"""What of the models is known: which figures rest on what no load has read or Clio withholds.

A figure that needs something which is not known is null, never 0 and never too small: it is made
null where the model is made, so that everything on top of it sees it so.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from pipelines.state.inputs import Unknown

from .files import SEED, Model
from .inputs import Tables
from .plan import BuildPlan
from .queries import parse
from .rules import Check

Reasons = tuple[Unknown, ...]
WITHOUT_FIGURES = frozenset({"intermediate", "seeds", "staging"})
"""Schemas of steps on the way: what is not known of them is told by the figures on top."""
FIGURES = ("DECIMAL", "DOUBLE")
"""Types of money, hours and rates. Counts and flags are named by the header of their model."""
_WORD = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True)
class Gaps:
    """Why the rows of a relation are not all known, and why columns of it are not; by name."""

    rows: Mapping[str, Reasons] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, Reasons]] = field(default_factory=dict)

    def of(self, need: str) -> Reasons:
        """Say why a relation, or a column of one, is not known; nothing if it is."""
        schema, _, rest = need.partition(".")
        table, _, column = rest.partition(".")
        relation = f"{schema}.{table}"
        return (*self.rows.get(relation, ()), *self.columns.get(relation, {}).get(column, ()))


def judge(plan: BuildPlan, tables: Tables, found: Sequence[Unknown]) -> Gaps:
    """Say of every model what is not known.

    Args:
        plan: what there is, in order.
        tables: the columns of each model, with their types.
        found: what is not known of the raw tables.

    """
    rows: dict[str, Reasons] = {}
    columns: dict[str, dict[str, Reasons]] = {}
    for one in found:
        if one.field:
            columns.setdefault(one.relation, {})[one.field] = (one,)
        else:
            rows[one.relation] = (one,)
    known = Gaps(rows, columns)
    if not found:
        return known
    for relation in plan.order:
        model = plan.project.models[relation]
        if model.kind == SEED or relation not in tables:
            continue
        rows[relation] = _rows(plan, known, model)
        reasons = _columns(plan, known, model, tables[relation])
        columns[relation] = {name: why for name, why in reasons.items() if why}
    return known


def _rows(plan: BuildPlan, known: Gaps, model: Model) -> Reasons:
    """Say why rows are not all known: by the header, else by everything that is read."""
    whole = [needs for needs in model.header.needs if not needs.columns]
    inputs = [name for needs in whole for name in needs.inputs]
    return _together(map(known.of, inputs if whole else plan.needs(model.relation)))


def _columns(
    plan: BuildPlan, known: Gaps, model: Model, own: Mapping[str, str]
) -> dict[str, Reasons]:
    """Say why columns are not known: by the header, else by the names that go on from what is read.

    With that a figure which is called as one below may be held back for the other's sake; then
    its header says what it needs.
    """
    reasons: dict[str, Reasons] = {}
    if model.schema == "staging":
        reasons = _staged(plan, known, model, own)
    else:
        for read in plan.needs(model.relation):
            for name, why in known.columns.get(read, {}).items():
                reasons[name] = _together([reasons.get(name, ()), why])
    named: dict[str, Reasons] = {}
    for needs in model.header.needs:
        why = _together(map(known.of, needs.inputs))
        for name in needs.columns:
            named[name] = _together([named.get(name, ()), why])
    reasons |= named
    for name in own if model.schema not in WITHOUT_FIGURES else ():
        if own[name].startswith(FIGURES) or name in named:
            reasons[name] = _together([reasons.get(name, ()), known.rows[model.relation]])
    return {name: why for name, why in reasons.items() if name in own}


def hidden(model: Model, known: Gaps, own: Mapping[str, str]) -> frozenset[str]:
    """Name the columns of a model that are made null, since they are not known."""
    named = {name for needs in model.header.needs for name in needs.columns}
    return frozenset(
        name
        for name in known.columns.get(model.relation, {})
        if name in named or (model.schema not in WITHOUT_FIGURES and own[name].startswith(FIGURES))
    )


def _staged(
    plan: BuildPlan, known: Gaps, model: Model, own: Mapping[str, str]
) -> dict[str, Reasons]:
    """Follow raw columns through the query of a staging model, by what each column is made of."""
    hidden = [
        (name, why)
        for read in plan.needs(model.relation)
        for name, why in known.columns.get(read, {}).items()
    ]
    found: dict[str, Reasons] = {}
    for name, why in hidden:
        for made in _made_of(model.file.query, name) & own.keys():
            found[made] = _together([found.get(made, ()), why])
    return found


def _made_of(query: str, name: str) -> set[str]:
    """Name what is made of a column in a query, step by step."""
    steps = [
        (one.alias_or_name, {column.name for column in one.find_all(exp.Column)})
        for select in parse(query).find_all(exp.Select)
        for one in select.expressions
    ]
    found, before = {name}, 0
    while len(found) > before:
        before = len(found)
        found |= {made for made, used in steps if used & found}
    return found


def _together(many: Iterable[Reasons]) -> Reasons:
    return tuple(dict.fromkeys(one for reasons in many for one in reasons))


def blinded(query: str, types: Mapping[str, str], hidden: Iterable[str]) -> str:
    """Return a query with null in the place of columns that are not known."""
    nulls = ", ".join(f'null::{types[name]} as "{name}"' for name in sorted(hidden))
    return f"select * replace ({nulls}) from (\n{query}\n) known" if nulls else query


def told_unknown(known: Gaps, relation: str, columns: Iterable[str]) -> str:
    """Say in words which columns of a relation are not known, and what they would need."""
    named = sorted(columns)
    if not named:
        return ""
    found = known.columns[relation]
    needed = dict.fromkeys(one.name for name in named for one in found[name])
    return f"Not known now: {', '.join(named)}, since these are not: {', '.join(needed)}."


def shown_unknown(
    models: Iterable[Model], known: Gaps, tables: Tables
) -> dict[str, dict[str, Reasons]]:
    """Return what is to be said of each model: its columns that are not known, and why.

    Under an empty name stands why its rows are not all known.
    """
    found: dict[str, dict[str, Reasons]] = {}
    for model in models:
        columns = known.columns.get(model.relation, {})
        named = hidden(model, known, tables[model.relation])
        if model.schema in WITHOUT_FIGURES:
            named = frozenset(columns)
        reasons = {name: columns[name] for name in named} | {"": known.rows.get(model.relation, ())}
        found[model.relation] = {name: why for name, why in reasons.items() if why}
    return found


def doubts(check: Check, known: Gaps) -> Reasons:
    """Say why a check has nothing to say, since what it looks at is not known; else nothing.

    It looks at the columns that its text names, at all rows of what it reads, and at what its
    header says that it needs.
    """
    return _together(_doubts(check, known))


def _doubts(check: Check, known: Gaps) -> Iterator[Reasons]:
    for needs in check.header.needs if check.header else ():
        yield from map(known.of, needs.inputs)
    words = set(check.columns) if check.model else set(_WORD.findall(check.query))
    for relation in check.reads:
        if relation != check.model:
            yield known.rows.get(relation, ())
        for name, why in known.columns.get(relation, {}).items():
            if name in words:
                yield why
