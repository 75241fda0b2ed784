"""Each figure says that it rests on everything of which it is made: headers against queries."""

from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from pipelines.state.inputs import NEVER, WITHHELD, Unknown
from pipelines.transform.inputs import Tables, built, catalogued
from pipelines.transform.knowing import FIGURES, WITHOUT_FIGURES, judge, shown_unknown
from tests.unit.known_figures import shipped
from tests.unit.lineage import Cell, Made, followed, steps
from tests.unit.mini_firm import copied

ENDS = {
    "intermediate.int_calendar__days": "which days there are is no figure; what falls on them is",
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


class Firm:
    """The models as they are built: what their figures are made of, and what is said of them."""

    def __init__(self, tables: Tables) -> None:
        """Read the queries of all models over tables with known columns."""
        self.tables = tables
        self.steps = steps(shipped(), tables)
        self.told: dict[Cell, set[Cell]] = {}

    def figures(self) -> Iterator[Cell]:
        """Give each money, hours and rate of the marts."""
        for relation, model in shipped().project.models.items():
            for name, kind in self.tables[relation].items():
                if model.schema not in WITHOUT_FIGURES and kind.startswith(FIGURES):
                    yield relation, name

    def rests(self, ends: Collection[str]) -> dict[Cell, Made]:
        """Say of what in Clio each figure is made."""
        whole = followed(self.steps, ends)
        return {figure: whole[figure] for figure in self.figures()}

    def empty(self, table: str, column: str) -> set[Cell]:
        """Give the figures that are empty while a table or a column is not known."""
        if (table, column) not in self.told:
            one = Unknown(table, column, WITHHELD if column else NEVER, "not shown")
            known = judge(shipped(), self.tables, [one])
            shown = shown_unknown(shipped().project.models.values(), known, self.tables)
            self.told[table, column] = {(one, name) for one in shown for name in shown[one]}
        return self.told[table, column]

    def unsaid(self, ends: Collection[str]) -> list[str]:
        """Name each figure that stays a number without something of which it is made."""
        rest = self.rests(ends)
        cells = {cell for made in rest.values() for cell in made if cell[0].startswith("raw_")}
        whole = {(table, "") for table, _ in cells}
        columns = {cell for cell in cells if cell[1] not in {"", "id"}}
        return [
            f"{relation}.{name} is made of {'.'.join(filter(None, cell))}"
            for cell in sorted(columns | whole)
            for (relation, name), made in rest.items()
            if f"{relation}.{name}" not in NOT_OF_CLIO
            and (cell in made or cell in {(table, "") for table, _ in made})
            and (relation, name) not in self.empty(*cell)
        ]


@pytest.fixture(scope="module")
def firm(mini_firm_place: Path, tmp_path_factory: pytest.TempPathFactory) -> Firm:
    """Give the models as they are built."""
    with copied(mini_firm_place, tmp_path_factory.mktemp("lineage")) as found:
        return Firm({**catalogued(), **built(found.warehouse)})


def test_every_figure_says_what_it_is_made_of(firm: Firm) -> None:
    """Without a collection, or a column of one, no figure that is made of it is a number."""
    assert firm.unsaid(ENDS) == []


def test_every_end_is_needed(firm: Firm) -> None:
    """What is not followed further would else be told."""
    assert [end for end in ENDS if not firm.unsaid(ENDS.keys() - {end})] == []
