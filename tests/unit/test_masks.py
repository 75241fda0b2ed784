"""Columns that are hashed leave nothing of what they held, in rows and in misfits."""

import json
import stat
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.state.hashed_columns import HIDDEN, Masks, mask_key
from sources.clio_http.catalog import Column
from sources.clio_http.misfits import Misfit
from sources.clio_http.plan import Point, Reading

NAME = Column("name", "VARCHAR", ("name",))
CITY = Column("address__city", "VARCHAR", ("address", "city"))
MASKS = Masks(b"k" * 32, {"contacts": (NAME, CITY)})


def reading(table: pa.Table, *misfits: Misfit) -> Reading:
    """Return a reading of some rows."""
    return Reading(table, misfits, table.num_rows, 0, Point(), frozenset(), ())


ROWS = pa.table(
    {
        "id": [1, 2, 3],
        "name": ["Ada Canary", None, "Ada Canary"],
        "address__city": ["Łódź", "", None],
    }
)


def test_a_masked_column_is_a_keyed_hash() -> None:
    """Equal texts have equal hashes, null stays null, and the key decides."""
    masked = MASKS.apply("contacts", reading(ROWS)).table
    names = masked.column("name").to_pylist()

    assert masked.schema == ROWS.schema
    assert masked.column("id").to_pylist() == [1, 2, 3]
    assert names[0] == names[2] == MASKS.hashed("Ada Canary")
    assert names[1] is None
    assert len(set(masked.column("address__city").to_pylist())) == 3
    assert "Canary" not in str(masked.to_pylist())
    assert Masks(b"other").hashed("Ada Canary") != names[0]
    assert len(str(names[0])) == 64


def test_other_collections_and_columns_that_were_not_read_are_left_alone() -> None:
    """A mask of contacts says nothing of matters, nor of a column that was left out."""
    whole = reading(ROWS)
    assert MASKS.apply("matters", whole) is whole
    assert Masks().apply("contacts", whole) is whole
    some = ROWS.select(["id", "name"])
    assert MASKS.apply("contacts", reading(some)).table.column_names == ["id", "name"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"id": 1, "name": "Canary"}, {"id": 1, "name": HIDDEN}),
        ({"id": 1, "address": {"city": "Canary"}}, {"id": 1, "address": {"city": HIDDEN}}),
        ({"id": 1, "address": None, "name": None}, {"id": 1, "address": None, "name": HIDDEN}),
        ({"id": 1}, {"id": 1}),
        ({"name": {"first": "Canary"}}, {"name": HIDDEN}),
        ({"address": {"city": ["Canary"], "zip": 1}}, {"address": {"city": HIDDEN, "zip": 1}}),
    ],
)
def test_a_misfit_keeps_nothing_of_a_masked_column(
    row: dict[str, object], expected: dict[str, object]
) -> None:
    """What goes to quarantine shows that something was hidden, wherever it stood."""
    misfit = Misfit("1", json.dumps(row), "does not fit its type: name")
    (masked,) = MASKS.apply("contacts", reading(ROWS, misfit)).misfits

    assert json.loads(masked.row) == expected
    assert (masked.record_id, masked.reason) == (misfit.record_id, misfit.reason)


@pytest.mark.parametrize("address", ["Canary Street", ["Canary Street"]])
def test_a_value_where_a_masked_object_belongs_is_hidden_too(address: object) -> None:
    """A row that is set aside since an address is text keeps nothing of that text."""
    misfit = Misfit("1", json.dumps({"id": 1, "address": address}), "address: no object")
    (masked,) = MASKS.apply("contacts", reading(ROWS, misfit)).misfits
    assert "Canary" not in masked.row


@pytest.mark.parametrize(
    ("field", "hidden"),
    [
        ("name", True),
        ("address__city", True),
        ("address__zip", True),
        ("names", False),
        ("addressee", False),
    ],
)
def test_a_value_that_does_not_fit_is_hidden_where_it_may_be_masked(
    field: str, *, hidden: bool
) -> None:
    """Its own column, and those of an object whose place it took; others are kept as received."""
    misfit = Misfit("1", json.dumps(["Canary"]), "does not fit its type", field)
    (masked,) = MASKS.apply("contacts", reading(ROWS, misfit)).misfits

    assert json.loads(masked.row) == (HIDDEN if hidden else ["Canary"])
    assert (masked.record_id, masked.field) == ("1", field)


def test_what_is_no_record_is_hidden_where_anything_is_masked() -> None:
    """Nobody knows what a text in the place of a record holds."""
    misfit = Misfit("", json.dumps("Canary"), "no record")
    (masked,) = MASKS.apply("contacts", reading(ROWS, misfit)).misfits
    assert "Canary" not in masked.row


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    """The first use makes 32 random bytes in a file that only its owner reads."""
    path = tmp_path / "mask.key"
    key = mask_key(path)

    assert len(key) == 32
    assert mask_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert mask_key(tmp_path / "another.key") != key
