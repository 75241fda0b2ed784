"""Each figure says that it rests on everything of which it is made: headers against queries."""

from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from pipelines.sql_folder import sql_folder
from pipelines.state.inputs import NEVER, WITHHELD, Unknown
from pipelines.transform.inputs import Tables, built, catalogued
from pipelines.transform.knowing import (
    FIGURES,
    WITHOUT_FIGURES,
    Gaps,
    doubts,
    judge,
    shown_unknown,
)
from pipelines.transform.metrics import read_metrics
from pipelines.transform.rules import Check
from tests.unit.known_figures import METRICS, shipped
from tests.unit.lineage import NOTHING, Cell, Made, Query, followed, steps
from tests.unit.mini_firm import copied

ENDS = {
    "intermediate.int_calendar__days": "which days there are is no figure; what falls on them is",
    "ops.rpt_matter_health.": "closed matters are left out, and stay while it is not known of them",
    "finance.agg_timekeeper_month.": "a month has a row for anything in it",
    "finance.agg_timekeeper_month.month_start": "the same; each figure of the row says for itself",
    "raw_clio_grow.matters__versions": "what was replaced is marked with the matters themselves",
    "raw_clio_manage.contacts__daily": "a day without a copy has no figure",
    "raw_clio_manage.matters__versions": "what was replaced is marked with the matters themselves",
}
"""What is not followed further, with the reason: a relation, a column, or with a dot its rows."""
NOT_OF_CLIO = {
    "finance.agg_compensation_month.pct": "the share that a rule names, whatever is paid"
}
"""Columns with the type of figures that rest on nothing of Clio's."""
EVERY_ENQUIRY = "enquiries of every source and type are counted, also where these have no name"
FUNNEL = ("leads", "consultations", "hires", "hired_rate", "cost_per_hire")
CHECKS_APART = {
    "checks.funnel_counts_every_enquiry_once": EVERY_ENQUIRY,
    "checks.funnel_stages_nest": EVERY_ENQUIRY,
    "checks.timekeeper_hours_are_all_hours": "a month without hours adds none",
}
APART = {
    **{
        (f"metrics.{name}", f"raw_clio_grow.{part}."): EVERY_ENQUIRY
        for name in FUNNEL
        for part in ("matter_types", "matters.type", "sources")
    },
    (
        "metrics.trust_differences",
        "raw_clio_manage.contacts.",
    ): "the ledgers by client stand for balances that Clio does not show",
}
"""Metrics that rest on less than the rows which they sum, with what they do not rest on."""


class Firm:
    """The models as they are built: what their figures are made of, and what is said of them."""

    def __init__(self, tables: Tables) -> None:
        """Read the queries of all models over tables with known columns."""
        self.tables = tables
        self.steps = steps(shipped(), tables)
        self.metrics = read_metrics(sql_folder())
        self.judged: dict[Cell, Gaps] = {}
        self.told: dict[Cell, set[Cell]] = {}

    def figures(self) -> Iterator[Cell]:
        """Yield each money, hours and rate of the marts."""
        for relation, model in shipped().project.models.items():
            for name, kind in self.tables[relation].items():
                if model.schema not in WITHOUT_FIGURES and kind.startswith(FIGURES):
                    yield relation, name

    def rests(self, ends: Collection[str]) -> dict[Cell, Made]:
        """Say of what in Clio each figure and each metric is made."""
        whole = followed(self.steps, ends)
        found = {figure: whole[figure] for figure in self.figures()}
        for metric in self.metrics:
            cells = ((metric.relation, word) for word in ("", *metric.words))
            parts = [whole.get(cell, NOTHING) for cell in cells if ".".join(cell) not in ends]
            found[METRICS, metric.name] = NOTHING.union(*parts)
        return found

    def known(self, table: str, column: str) -> Gaps:
        """Say what is known while a table or a column is not."""
        if (table, column) not in self.judged:
            one = Unknown(table, column, WITHHELD if column else NEVER, "not shown")
            self.judged[table, column] = judge(shipped(), self.tables, [one])
        return self.judged[table, column]

    def empty(self, table: str, column: str) -> set[Cell]:
        """Return the figures and metrics that are empty while a table or a column is not known."""
        if (table, column) not in self.told:
            models = shipped().project.models.values()
            shown = shown_unknown(models, self.known(table, column), self.tables)
            found = {(one, name) for one in shown for name in shown[one]}
            self.told[table, column] = found | {
                (METRICS, metric.name)
                for metric in self.metrics
                if {(metric.relation, word) for word in ("", *metric.words)} & found
            }
        return self.told[table, column]

    def unsaid(self, ends: Collection[str]) -> list[str]:
        """Name each figure that stays a number without something of which it is made."""
        rest = self.rests(ends)
        cells = {cell for made in rest.values() for cell in made}
        whole = {(table, "") for table, _ in cells}
        return [
            f"{relation}.{name} is made of {'.'.join(filter(None, cell))}"
            for cell in sorted(filter(is_of_clio, cells | whole))
            for (relation, name), made in rest.items()
            if f"{relation}.{name}" not in NOT_OF_CLIO
            and not is_apart(f"{relation}.{name}", cell)
            and (cell in made or cell in {(table, "") for table, _ in made})
            and (relation, name) not in self.empty(*cell)
        ]


def is_apart(figure: str, cell: Cell) -> bool:
    """Tell whether a metric is named as one that does not rest on something."""
    name = f"{'.'.join(filter(None, cell))}."
    return any(figure == one and name.startswith(part) for one, part in APART)


def unsaid_by(firm: Firm, check: Check) -> list[str]:
    """Name what decides the rows of a check that still speaks when it is not known."""
    query, whole = Query(check.query, firm.tables), followed(firm.steps, ENDS)
    looked = {*query.rows(), *((relation, "") for relation in check.reads)}
    parts = [whole.get(cell, frozenset({cell})) for cell in looked if cell[0] not in ENDS]
    cells = [cell for cell in NOTHING.union(*parts) if is_of_clio(cell)]
    return [".".join(cell) for cell in cells if not doubts(check, firm.known(*cell))]


def is_of_clio(cell: Cell) -> bool:
    """Tell whether Clio may withhold a cell: no key, and no column of our own."""
    return cell[0].startswith("raw_") and cell[1] != "id" and not cell[1].startswith("_")


@pytest.fixture(scope="module")
def firm(mini_firm_place: Path, tmp_path_factory: pytest.TempPathFactory) -> Firm:
    """Return the models as they are built."""
    with copied(mini_firm_place, tmp_path_factory.mktemp("lineage")) as found:
        return Firm({**catalogued(), **built(found.warehouse)})


@pytest.mark.long
def test_every_figure_says_what_it_is_made_of(firm: Firm) -> None:
    """Without a collection, or a column of one, no figure that is made of it is a number."""
    assert firm.unsaid(ENDS) == []


def test_every_end_is_needed(firm: Firm) -> None:
    """What is not followed further would else be told."""
    assert [end for end in ENDS if not firm.unsaid(ENDS.keys() - {end})] == []


def test_every_check_says_what_it_looks_at(firm: Firm) -> None:
    """A check of what is not known says nothing, be it of rows that would be missing."""
    checks = [check for check in shipped().checks if not check.model]
    found = {check.name: unsaid_by(firm, check) for check in checks}
    assert {name for name, unsaid in found.items() if unsaid} == CHECKS_APART.keys()
