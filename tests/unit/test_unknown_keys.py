"""Keys that the catalogue does not know are kept in `_extra`, and never cost their row."""

import json
from typing import Any

import pytest

from sources.clio_http.bulk import shaped
from sources.clio_http.catalog import read_catalog
from sources.clio_http.rows import RowReader
from tests.unit.pages import carefully, in_bulk, page, sorted_rows

GROW = read_catalog("clio_grow")
LOCATIONS = GROW.loaded["locations"]
STAMP = "2026-03-02T09:00:00Z"


def location(key: int, **more: object) -> dict[str, Any]:
    """Return a location as Grow sends it."""
    return {"id": key, "name": f"L{key}", "created_at": STAMP, "updated_at": STAMP, **more}


def extras(*rows: dict[str, Any]) -> list[str | None]:
    """Return what a page's rows leave in `_extra`."""
    found: list[str | None] = (
        RowReader(LOCATIONS).read([(1, page(rows))]).table["_extra"].to_pylist()
    )
    return found


def test_records_without_unknown_keys_have_nothing_there() -> None:
    """SQL NULL, also where a key that is known does not come."""
    short = location(2)
    del short["name"]
    assert extras(location(1), short) == [None, None]


def test_unknown_keys_are_kept_row_by_row() -> None:
    """Only the rows that have one hold something."""
    assert extras(location(1), location(2, colour="red"), location(3, tags=[1, {"a": None}])) == [
        None,
        '{"colour":"red"}',
        '{"tags":[1,{"a":null}]}',
    ]


def test_the_text_does_not_depend_on_the_order_of_keys() -> None:
    """The content hash must not change because a server wrote its keys in another order."""
    one = {"b": {"z": 1, "y": 2}, "a": [{"d": 1, "c": 2}]}
    two = {"a": [{"c": 2, "d": 1}], "b": {"y": 2, "z": 1}}
    (first, second) = extras(location(1, **one), location(2, **two))
    assert first == second == '{"a":[{"c":2,"d":1}],"b":{"y":2,"z":1}}'


def test_new_keys_are_named() -> None:
    """What is new is drift; what an unnarrowed list leaves out is not."""
    batch = RowReader(LOCATIONS).read([(1, page([location(1, colour="red", size=None)]))])
    assert batch.new == {"colour", "size"}
    assert batch.absent == frozenset()


@pytest.mark.parametrize(
    ("literal", "kept"),
    [
        ("12345678901234567890123", "12345678901234567890123"),
        ("0.12345678901234567890123", '"0.12345678901234567890123"'),
        ('"\\ud800"', r'"\\ud800"'),
        ('"\\u0000"', '"\\u0000"'),
        ("1e400", '"1e400"'),
        ("true", "true"),
    ],
)
def test_an_unknown_value_never_costs_its_row(literal: str, kept: str) -> None:
    """Numbers without a double and halves of characters are kept as text."""
    text = json.dumps(location(1))[:-1] + f',"odd":{literal}}}'
    body = f'{{"data":[{text}],"meta":{{"paging":{{}}}}}}'.encode()
    batch = RowReader(LOCATIONS).read([(1, body)])
    assert batch.misfits == ()
    assert batch.table["_extra"].to_pylist() == [f'{{"odd":{kept}}}']


def test_a_new_enum_value_is_a_value() -> None:
    """Nothing is refused for being new."""
    sources = GROW.loaded["sources"]
    row = location(1, category="carrier_pigeon", is_editable=True)
    batch = RowReader(sources).read([(1, page([row]))])
    assert batch.table["category"].to_pylist() == ["carrier_pigeon"]
    assert batch.misfits == ()


def test_what_is_left_out_by_configuration_is_not_kept_as_unknown() -> None:
    """A column that is never to touch the disk is a known key, whether it is read or not."""
    columns = [column for column in LOCATIONS.columns if column.name != "name"]
    batch = RowReader(LOCATIONS, columns).read([(1, page([location(1, colour="red")]))])
    assert batch.table["_extra"].to_pylist() == ['{"colour":"red"}']
    assert "L1" not in str(batch.table.to_pylist())


MATTERS = GROW.loaded["matters"]
SPARSE: list[dict[str, Any]] = [
    {"id": 1, "updated_at": STAMP, "client": {"id": 7, "full_name": "Ann"}, "is_locked": False},
    {"id": 2, "client": None, "custom_field_values": [], "redacted_fields": ["hired_date"]},
    {"id": 3, "custom_field_values": [{"value": 4.5, "b": 1, "a": "é\\"}], "hired_date": None},
]


def test_both_readers_agree_on_records_that_leave_keys_out() -> None:
    """The fast one is given what is missing, and the careful one reads what is there."""
    reader = RowReader(MATTERS)
    body = [(1, page(SPARSE))]
    fast = in_bulk(reader, body)
    assert fast is not None
    assert sorted_rows(fast.table) == sorted_rows(carefully(reader, body).table)
    assert sorted_rows(fast.table)[0]["client__id"] == 7


def test_a_misfit_is_kept_as_it_was_received() -> None:
    """Not as it was made ready for the fast reader."""
    batch = RowReader(LOCATIONS).read([(1, page([{"id": 1, "name": 5, "updated_at": "soon"}]))])
    (misfit,) = batch.misfits
    assert json.loads(misfit.row) == {"id": 1, "name": 5, "updated_at": "soon"}


def test_what_is_left_out_is_not_in_quarantine_either() -> None:
    """Grow sends it all the same; nothing of it touches the disk, the rest is as received."""
    users = GROW.loaded["users"]
    left_out = {"email", "account__firm_name"}
    columns = [column for column in users.columns if column.name not in left_out]
    row = {"id": 1, "email": "canary@example.com", "last_name": "Lee", "updated_at": "soon"}
    account = {"id": 5, "firm_name": "canary"}
    batch = RowReader(users, columns).read([(1, page([{**row, "account": account}]))])
    (misfit,) = batch.misfits
    assert json.loads(misfit.row) == {
        "id": 1,
        "last_name": "Lee",
        "updated_at": "soon",
        "account": {"id": 5},
    }


@pytest.mark.parametrize("body", [b"{", b'{"data":[1]}', b"[]", b'{"data":[{"id":1,"new":2}]}'])
def test_what_would_be_lost_is_left_to_the_careful_reader(body: bytes) -> None:
    """A page that is none, a row that is none, a key that is not known."""
    assert shaped(body, LOCATIONS.columns, frozenset({"id", "name"})) is None
