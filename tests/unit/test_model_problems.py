"""The compile check: what is wrong is told with file and line, and nothing is touched."""

from pathlib import Path

import pytest

from pipelines.transform.errors import ModelsError
from tests.unit.tiny_models import BILLS, FACTS, MODELS, TOTALS, workshop

CHECK = "sql/checks/no_draft.sql"
GRAIN = "-- grain: one row per bill (bill_id)\n"
PLANTED = {
    "relation": (FACTS, "staging.stg_bills", "staging.stg_bill", 6, "unknown relation staging.stg"),
    "raw": (BILLS, "raw_firm.bills", "raw_firm.bill", 3, "did you mean raw_firm.bills"),
    "no-schema": (FACTS, "staging.stg_bills", "stg_bills", 6, "Table with name stg_bills"),
    "column": (FACTS, "select bill_id, state", "select bill_id,\n status", 10, "unknown column st"),
    "function": (FACTS, "select bill_id", "select foo(bill_id)", 9, "Function with name foo"),
    "cycle": (FACTS, "staging.stg_bills", "core.fct_bill", 6, "a cycle: core.fct_bill -> "),
    "syntax": (TOTALS, "group by state", "group\nby ( state", 4, "not SQL that can be read"),
    "grain": (FACTS, "-- grain: one row per bill\n", "", 1, "the header grain is missing"),
    "untested": (FACTS, "-- unique: bill_id\n", "", 1, "the grain is not tested"),
    "unique": (FACTS, "unique: bill_id", "unique: billid", 3, "unknown column billid; did you"),
    "comment": (FACTS, "column: bill_id:", "column: id:", 4, "unknown column id"),
    "target": (
        FACTS,
        "-- unique: bill_id",
        "-- unique: bill_id\n-- relationships: bill_id -> core.bills.bill_id",
        4,
        "unknown relation core.bills",
    ),
    "target-column": (
        FACTS,
        "-- unique: bill_id",
        "-- unique: bill_id\n-- relationships: bill_id -> staging.stg_bills.id",
        4,
        "unknown column staging.stg_bills.id",
    ),
}
ADDED = {
    "duplicate": ("sql/core/more/fct_bill.sql", MODELS[FACTS], 1, "core.fct_bill is already made"),
    "raw-schema": ("sql/raw_firm/x.sql", f"{GRAIN}select 1 as bill_id", 1, "is not for models"),
    "top": ("sql/x.sql", f"{GRAIN}select 1 as bill_id", 1, "lies in the folder of its schema"),
    "name": ("sql/core/Bad-Name.sql", f"{GRAIN}select 1 as bill_id", 1, "lower-case letters"),
    "two": ("sql/core/x.sql", f"{GRAIN}select 1 as bill_id; select 2", 1, "one select"),
    "check": (CHECK, "-- No draft.\nselect *\nfrom core.bill", 3, "unknown relation core.bill"),
    "check-column": (CHECK, "select\n  foo\nfrom core.fct_bill", 2, "unknown column foo"),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_told(tmp_path: Path, fault: str) -> None:
    """Each fault of a file names file, line and what is known; without it the models are built."""
    file, old, new, line, said = PLANTED[fault]
    with workshop(tmp_path) as shop:
        shop.replace(file, old, new)
        with pytest.raises(ModelsError) as raised:
            shop.build()
        assert f"{file}:{line}: " in str(raised.value)
        assert said in str(raised.value)
        assert shop.relations() == set()
        shop.write({file: MODELS[file]})
        assert [run.status for run in shop.build().models] == ["built"] * 3


@pytest.mark.parametrize("fault", ADDED)
def test_an_added_file_is_refused(tmp_path: Path, fault: str) -> None:
    """A file that cannot be a model or a check is named, with its line."""
    file, text, line, said = ADDED[fault]
    with workshop(tmp_path, {**MODELS, file: text}) as shop:
        with pytest.raises(ModelsError) as raised:
            shop.build()
        assert f"{file}:{line}: " in str(raised.value)
        assert said in str(raised.value)
        assert shop.relations() == set()


def test_lines_are_counted_behind_other_letters(tmp_path: Path) -> None:
    """Letters of several bytes do not move a line; a file that is no text is told."""
    with workshop(tmp_path) as shop:
        letters = "select 'äöü€' as a, -- äöü€\n'€€€€€€€€€€' as b,\n  nr"
        shop.replace(FACTS, "select bill_id", letters)
        (tmp_path / TOTALS).write_bytes("-- \u00e9".encode("latin-1"))
        with pytest.raises(ModelsError) as raised:
            shop.build()
        assert f"{TOTALS}:1: this is not text in UTF-8" in str(raised.value)
        shop.write({TOTALS: MODELS[TOTALS]})
        with pytest.raises(ModelsError) as raised:
            shop.build()
        assert f"{FACTS}:11: unknown column nr" in str(raised.value)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    """Two faults are two lines, and what only follows from another is not told."""
    with workshop(tmp_path) as shop:
        shop.replace(BILLS, "select id", "select nr")
        shop.write({"sql/core/x.sql": f"{GRAIN}select no as bill_id"})
        with pytest.raises(ModelsError) as raised:
            shop.build()
        files = [line.partition(":")[0] for line in str(raised.value).splitlines()]
        assert files == ["sql/core/x.sql", BILLS]


def test_a_relation_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """A table in a model's place that no build made is never replaced."""
    with workshop(tmp_path) as shop:
        shop.rows("create schema core")
        shop.rows("create table core.fct_bill as select 42 as mine")
        with pytest.raises(ModelsError, match="that transform did not make"):
            shop.build()
        assert shop.rows("from core.fct_bill") == [(42,)]
