"""Seeds: CSV files with declared types, and the firm's own in their place."""

from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.transform.errors import ModelsError
from tests.unit.tiny_models import Workshop, built, workshop

CSV, TOML = "sql/seeds/rates.csv", "sql/seeds/rates.toml"
OWN = "seeds/rates.csv"
OWN_NAME = "seeds/rates.csv of the data folder"
DECLARED = """
description = "What an hour costs."
grain = "one row per person and day (person, valid_from)"
not_null = ["cost"]
accepted = ["person in (Ada, Grace)"]

[columns]
person = "varchar"
valid_from = "date"
cost = {type = "decimal(18, 2)", comment = "in dollars"}
level = "integer"
"""
SHIPPED = 'person,valid_from,cost,level\nAda,2026-01-01,"100.50",\n'
COSTS = "-- grain: one row\nselect sum(cost) as cost from seeds.rates"
FILES = {TOML: DECLARED, CSV: SHIPPED, "sql/core/costs.sql": COSTS}


def seeds(shop: Workshop) -> list[tuple[object, ...]]:
    """Return the rows of the seed."""
    return shop.rows("select person, valid_from::varchar, cost, level from seeds.rates")


def test_a_seed_is_a_typed_table(tmp_path: Path) -> None:
    """Cells have the declared types, an empty one is null; comments are kept; a model reads it."""
    with workshop(tmp_path, FILES) as shop:
        assert built(shop.build()) == ["seeds.rates", "core.costs"]
        assert seeds(shop) == [("Ada", "2026-01-01", Decimal("100.50"), None)]
        comments = shop.rows("select comment from duckdb_columns() where comment is not null")
        assert comments == [("in dollars",)]
        kinds = shop.rows("select data_type from duckdb_columns() where table_name = 'rates'")
        assert [kind for (kind,) in kinds] == ["VARCHAR", "DATE", "DECIMAL(18,2)", "INTEGER"]


def test_the_firms_own_file_takes_its_place(tmp_path: Path) -> None:
    """Columns may stand in another order; what reads the seed is built anew, also when the firm's
    file is taken away again.
    """
    with workshop(tmp_path, FILES) as shop:
        shop.build()
        shop.write({OWN: "\ufefflevel,cost,person,valid_from\r\n2,7.25,Grace,2026-02-01\r\n\r\n"})
        assert built(shop.build()) == ["seeds.rates", "core.costs"]
        assert seeds(shop) == [("Grace", "2026-02-01", Decimal("7.25"), 2)]
        shop.write({OWN: None})
        assert built(shop.build()) == ["seeds.rates", "core.costs"]
        assert shop.rows("from core.costs") == [(Decimal("100.50"),)]


def test_rules_of_a_seed_are_tests(tmp_path: Path) -> None:
    """What is declared of a seed is checked on the firm's own file too."""
    with workshop(tmp_path, FILES) as shop:
        shop.build()
        row = "Bob,2026-02-01,,1\n"
        shop.write({OWN: f"person,valid_from,cost,level\n{row}{row}"})
        assert {one.check for one in shop.build().failed} == {
            "seeds.rates.unique(person, valid_from)",
            "seeds.rates.not_null(cost)",
            "seeds.rates.accepted(person)",
        }
        assert shop.rows("from core.costs") == [(Decimal("100.50"),)]


HEAD = "person,valid_from,cost,level\n"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("person,valid_from,cost,level,colour\n", 1, "unknown column colour; it has person, "),
        ("person,valid_from,cots,level\n", 1, "unknown column cots; did you mean cost?"),
        ("person,cost,level\n", 1, "the column valid_from is missing"),
        ("person,person,valid_from,cost,level\n", 1, "the column person comes twice"),
        ("", 1, "the column person is missing"),
        (HEAD + "Ada,2026-01-01,1,1\nAda,31.12.2026,1,1\n", 3, "in the column valid_from is not"),
        (HEAD + "Ada,2026-01-01,secret,1\n", 2, "what is in the column cost is not decimal(18, 2)"),
        (HEAD + "Ada,2026-01-01,1.005,1\n", 2, "what is in the column cost is not decimal(18, 2)"),
        (HEAD + "Ada,2026-01-01,1,1.5\n", 2, "what is in the column level is not integer"),
        (HEAD + "Ada,2026-01-01\n", 2, "2 cells, where there are 4 names"),
        (HEAD + '"Ada,2026\n', 2, "this is not CSV with commas"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, text: str, line: int, said: str) -> None:
    """The file, the line and the column are named, the value is not; what was built stays."""
    with workshop(tmp_path, FILES) as shop:
        shop.build()
        shop.write({OWN: text})
        with pytest.raises(ModelsError) as raised:
            shop.build()
        assert f"{OWN_NAME}:{line}: " in str(raised.value)
        assert said in str(raised.value)
        assert "secret" not in str(raised.value)
        assert shop.rows("from core.costs") == [(Decimal("100.50"),)]


def test_a_file_of_another_name_is_refused(tmp_path: Path) -> None:
    """A firm's file that is no seed is a mistake, not something to pass over."""
    with workshop(tmp_path, FILES) as shop:
        shop.write({"seeds/rate.csv": HEAD})
        with pytest.raises(ModelsError, match="unknown seed rate; did you mean rates"):
            shop.build()


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """A file in another encoding is told so."""
    with workshop(tmp_path, FILES) as shop:
        path = tmp_path / OWN
        path.parent.mkdir()
        path.write_bytes(HEAD.encode() + "Ad\xe9,2026-01-01,1,1\n".encode("latin-1"))
        with pytest.raises(ModelsError, match="not text in UTF-8"):
            shop.build()


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (None, "there is no such file, so no column has a type"),
        ("x = ", "this is not valid TOML"),
        (DECLARED.replace("not_null", "notnull"), "unknown key notnull; did you mean not_null?"),
        (DECLARED.replace("date", "dat"), "dat is not a type"),
        (DECLARED.replace(" (person, valid_from)", ""), "the grain is not tested"),
        (DECLARED.replace('["cost"]', '["price"]'), "unknown column price"),
        (DECLARED.partition("[columns]")[0], "[columns] gives each column its type"),
    ],
)
def test_a_declaration_is_checked(tmp_path: Path, declared: str | None, said: str) -> None:
    """A seed without types, or with ones that do not exist, is refused."""
    with workshop(tmp_path, FILES) as shop:
        shop.write({TOML: declared})
        with pytest.raises(ModelsError) as raised:
            shop.build()
        assert f"{TOML}:1: " in str(raised.value)
        assert said in str(raised.value)
