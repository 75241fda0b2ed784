"""A value that does not fit costs itself; only what a row cannot do without costs the row."""

import json

import pytest

from sources.clio_http.rows import RowReader
from tests.unit.pages import CATALOG, blank, page, shape_of, sorted_rows, unknown

LINE_ITEMS = CATALOG.loaded["line_items"]
READERS = {"line_items": RowReader(LINE_ITEMS)}


def test_misfits_cost_their_values_and_name_every_column() -> None:
    """The row is stored without them; each is kept as received, with its column."""
    collection = CATALOG.loaded["line_items"]
    columns = shape_of(collection)
    wrong = blank(columns, id=2, total="1,5", date="31.12.2026", description="kept")
    rows = [blank(columns, id=1), wrong, blank(columns, id=3)]
    batch = READERS["line_items"].read([(1, page(rows))])

    told = {(m.field, m.record_id, m.reason, json.loads(m.row)) for m in batch.misfits}
    assert told == {
        ("total", "2", "does not fit its type", "1,5"),
        ("date", "2", "does not fit its type", "31.12.2026"),
    }
    stored = sorted_rows(batch.table)
    assert [(row["id"], row["description"], row["total"]) for row in stored] == [
        (1, None, None),
        (2, "kept", None),
        (3, None, None),
    ]
    assert unknown(batch) == {2: {"total": "does not fit", "date": "does not fit"}}
    assert batch.rows == 3


@pytest.mark.parametrize("column", ["updated_at", "etag"])
def test_what_a_row_cannot_do_without_costs_the_row(column: str) -> None:
    """Without its stamp or version nobody can say which reading of a record is the newer one."""
    columns = shape_of(CATALOG.loaded["line_items"])
    wrong = blank(columns, id=2, total="1,5", **{column: {"no": "text"}})
    batch = READERS["line_items"].read([(1, page([blank(columns, id=1), wrong]))])

    (misfit,) = batch.misfits
    assert (misfit.record_id, misfit.field) == ("2", "")
    assert misfit.reason == f"does not fit its type: {column}"
    assert json.loads(misfit.row) == wrong
    assert [row["id"] for row in sorted_rows(batch.table)] == [1]
    assert batch.rows == 2


def test_a_misfit_of_a_deletion_marker_costs_the_row() -> None:
    """Whether the record is deleted is not known, so nothing of it is taken for known."""
    marked = next(c for c in CATALOG.loaded.values() if c.deletion_marker)
    columns = shape_of(marked)
    row = blank(columns, id=1, **{marked.deletion_marker: "perhaps"})
    (misfit,) = RowReader(marked).read([(1, page([row]))]).misfits
    assert (misfit.field, misfit.record_id) == ("", "1")


@pytest.mark.parametrize("value", [5, "x", [1], True, []])
def test_a_value_where_an_object_belongs_is_set_aside(value: object) -> None:
    """A nested object that is no object costs the columns inside it, never a silent null."""
    columns = shape_of(CATALOG.loaded["line_items"])
    rows = [blank(columns, id=1), {**blank(columns, id=2), "matter": value}]
    batch = READERS["line_items"].read([(1, page(rows))])

    assert {(m.record_id, m.field, m.row) for m in batch.misfits} == {
        ("2", "matter__id", json.dumps(value))
    }
    assert [row["id"] for row in batch.table.to_pylist()] == [1, 2]
    assert unknown(batch) == {2: {"matter__id": "does not fit"}}
