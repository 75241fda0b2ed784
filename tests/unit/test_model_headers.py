"""The comment before a query, read."""

import pytest

from pipelines.transform.errors import ModelProblem
from pipelines.transform.header import RowTest, entries, read_header


def rules(text: str) -> tuple[tuple[RowTest, ...], list[ModelProblem]]:
    """Read the rules of a header, and what is wrong with it."""
    problems: list[ModelProblem] = []
    header = read_header("x.sql", entries(text), problems)
    return header.rules, problems


def test_description_grain_and_columns() -> None:
    """Lines without a name are the description; deeper ones go on with the line above."""
    problems: list[ModelProblem] = []
    text = (
        "-- First line,\n-- second line.\n-- grain: one row per bill\n--    and month (bill_id)\n"
        "-- column: bill_id: Clio's: id\n-- More of it.\n\nselect 1 -- severity: warn\n"
    )
    header = read_header("x.sql", entries(text), problems)
    assert problems == []
    assert header.description == "First line, second line. More of it."
    assert header.grain == "one row per bill and month (bill_id)"
    assert header.comments == {"bill_id": ("Clio's: id", 5)}
    assert header.severity == "error"


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("grain: one row per bill (a, b)", RowTest("unique", ("a", "b"), "error", 1)),
        ("grain: one row", RowTest("one_row", (), "error", 1)),
        ("unique: a, b", RowTest("unique", ("a", "b"), "error", 1)),
        ("not_null: a [warn]", RowTest("not_null", ("a",), "warn", 1)),
        (
            "relationships: a -> core.dim_matter.matter_id",
            RowTest("relationships", ("a",), "error", 1, "core.dim_matter", "matter_id"),
        ),
        (
            "accepted: a in (current,1-30, 'it''s, so', 91+)",
            RowTest("accepted", ("a",), "error", 1, values=("current", "1-30", "it's, so", "91+")),
        ),
    ],
)
def test_lines_become_rules(line: str, rule: RowTest) -> None:
    """Each kind of line is one test, with its columns and its severity."""
    assert rules(f"-- {line}\nselect 1") == ((rule,), [])


def test_severity_of_a_file() -> None:
    """`severity` holds for every test of the file but those that say it themselves."""
    found, problems = rules("-- unique: a\n-- not_null: b [error]\n-- severity: warn\n")
    assert problems == []
    assert [(rule.kind, rule.severity) for rule in found] == [
        ("unique", "warn"),
        ("not_null", "error"),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("gran: one row", "unknown header gran; did you mean grain?"),
        ("unique: a b", "this unique cannot be understood"),
        ("not_null:", "this not_null cannot be understood"),
        ("relationships: a -> dim_matter.id", "this relationships cannot be understood"),
        ("accepted: a in ()", "this accepted cannot be understood"),
        ("accepted: a in ('x)", "this accepted cannot be understood"),
        ("severity: bad", "severity is not one of error, warn"),
        ("materialized: cube", "materialized is not one of view, table, append"),
        ("materialized: append", "come together"),
        ("append_by: month_end", "come together"),
        ("basis: cash", "basis is not one of"),
        ("unique: a [loud]", "[loud] is not one of"),
        ("column: a", "a column is described once"),
        ("grain:", "this grain cannot be understood"),
    ],
)
def test_what_is_not_understood_is_told(line: str, said: str) -> None:
    """A line that says nothing is refused with its number; no test is left out in silence."""
    _, problems = rules(f"-- A description.\n-- {line}\nselect 1")
    assert len(problems) == 1
    assert said in problems[0].text
    assert problems[0].line in {1, 2}
