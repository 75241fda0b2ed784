"""The order of building, what a selection takes, and what a query reads."""

import pytest

from pipelines.transform.errors import SelectionError
from pipelines.transform.plan import CycleError, ordered, selected
from pipelines.transform.queries import DAY, QueryProblem, parse, reads, replaced

GRAPH = {
    "bi.d": frozenset({"core.c"}),
    "core.b": frozenset({"staging.a"}),
    "core.c": frozenset({"core.b"}),
    "core.x": frozenset[str](),
    "staging.a": frozenset[str](),
}


def test_order() -> None:
    """Every relation comes behind those that it reads."""
    order = ordered(GRAPH)
    assert set(order) == set(GRAPH)
    assert all(order.index(need) < order.index(name) for name in GRAPH for need in GRAPH[name])
    assert ordered(dict(reversed(GRAPH.items()))) == order


def test_circle_is_named() -> None:
    """Relations that need each other have no order, and are named."""
    with pytest.raises(CycleError) as raised:
        ordered({"a.a": frozenset({"a.b"}), "a.b": frozenset({"a.a"}), "a.c": frozenset()})
    assert set(raised.value.circle) == {"a.a", "a.b"}


@pytest.mark.parametrize(
    ("wish", "taken"),
    [
        ("core.b", "core.b"),
        ("b", "core.b"),
        ("+b", "staging.a core.b"),
        ("b+", "core.b core.c bi.d"),
        ("+c+", "staging.a core.b core.c bi.d"),
        ("x", "core.x"),
    ],
)
def test_selection(wish: str, taken: str) -> None:
    """A name takes one model; + before it what it needs, + behind it what needs it."""
    assert selected(GRAPH, [wish]) == set(taken.split())


def test_unknown_selection_is_told() -> None:
    """A name that is not there is refused, with the one that looks like it."""
    with pytest.raises(SelectionError, match=r"unknown model core\.bb; did you mean core\.b"):
        selected(GRAPH, ["+core.bb"])


def test_what_a_query_reads() -> None:
    """Names of CTEs are not read; relations in subqueries, in quotes and from-first are."""
    text = (
        'with a as (from raw_x.t), c as (select * from a) select * from c join meta."u" as m'
        " using (id) where id in (select id from core.q) and not exists (from a)"
    )
    assert reads(parse(text)) == ("core.q", "meta.u", "raw_x.t")


@pytest.mark.parametrize("call", ["current_date", "now()", "today()", "current_timestamp"])
def test_queries_that_ask_for_the_time(call: str) -> None:
    """A query whose result depends on the day says so."""
    assert reads(parse(f"select {call} as day")) == (DAY,)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("select 1\nfrom (", 2),
        ("create table a.b as select 1", 1),
        ("select 1; select 2", 1),
        ("delete from a.b", 1),
        ("select 'x", 1),
    ],
)
def test_a_file_is_one_select(text: str, line: int) -> None:
    """Anything else is refused, with the line where it cannot be read."""
    with pytest.raises(QueryProblem) as raised:
        parse(text)
    assert raised.value.line == line


def test_stand_ins_keep_names_and_lines() -> None:
    """Other SQL takes the place of a relation; columns are still found by its name or alias."""
    text = "select t.a, é, u.b -- é\nfrom raw_x.t, raw_x.u as v,\n  raw_x.t as w"
    done = replaced(text, parse(text), {"raw_x.t": "(select 1)"})
    assert done == (
        "select t.a, é, u.b -- é\nfrom (select 1) as t, raw_x.u as v,\n  (select 1) as w"
    )
