"""Nested records that Clio stripped of what is in them are told apart from empty ones."""

import json
from typing import Any

import pytest

from sources.clio_http.catalog import read_catalog
from sources.clio_http.rows import RowReader
from tests.unit.pages import (
    CATALOG,
    blank,
    carefully,
    in_bulk,
    page,
    shape_of,
    sorted_rows,
    unknown,
)

MATTERS = CATALOG.loaded["matters"]
CONTACTS = CATALOG.loaded["contacts"]
READERS = {one.name: RowReader(one) for one in (MATTERS, CONTACTS)}
VALUE = {"id": "text-1", "etag": '"e"', "field_name": "Court", "field_type": "text_line"}


def compact(*rows: dict[str, Any]) -> bytes:
    """Return a page without white space, as Clio writes it."""
    return json.dumps(json.loads(page(rows)), separators=(",", ":")).encode()


def matter(key: int, **more: object) -> dict[str, Any]:
    """Return a matter as Clio shows it."""
    return blank(shape_of(MATTERS), id=key, etag='"m"', created_at="2026-03-01T00:00:00Z") | more


def contact(key: int, **more: object) -> dict[str, Any]:
    """Return a contact as Clio shows it."""
    return blank(shape_of(CONTACTS), id=key, etag='"c"') | more


HIDDEN_VALUE = VALUE | dict.fromkeys(("field_name", "field_type", "value"))
HIDDEN_NUMBER = {"id": 5} | dict.fromkeys(
    ("etag", "number", "name", "primary", "created_at", "updated_at")
)
STRIPPED: list[Any] = [
    pytest.param(
        "matters",
        matter(1, custom_field_values=[VALUE | {"value": "x"}, HIDDEN_VALUE]),
        {"custom_field_values"},
        id="custom field",
    ),
    pytest.param(
        "contacts",
        contact(1, phone_numbers=[HIDDEN_NUMBER]),
        {"phone_numbers"},
        id="phone number",
    ),
    pytest.param(
        "matters",
        matter(1, client={"id": None, "name": "half"}),
        {column.name for column in MATTERS.columns if column.path[0] == "client"},
        id="object without its id",
    ),
    pytest.param(
        "matters",
        matter(1, client={"name": None, "id": None}),
        {column.name for column in MATTERS.columns if column.path[0] == "client"},
        id="object whose id comes last",
    ),
]


@pytest.mark.parametrize(("name", "row", "fields"), STRIPPED)
@pytest.mark.parametrize("write", [page, compact])
def test_what_is_stripped_is_not_known(
    name: str,
    row: dict[str, Any],
    fields: set[str],
    write: Any,
) -> None:
    """Each such column is marked, in that row alone; nothing is set aside."""
    other = {"matters": matter(2), "contacts": contact(2)}[name]
    body = write([row, other]) if write is page else write(row, other)
    batch = READERS[name].read([(1, body)])

    assert unknown(batch) == {1: dict.fromkeys(fields, "stripped")}
    assert batch.misfits == ()
    assert batch.rows == 2


def test_a_stripped_array_is_as_it_was_received() -> None:
    """Its other entries are known; what the stripped ones held is looked up by their id."""
    row = STRIPPED[0].values[1]
    (stored,) = READERS["matters"].read([(1, compact(row))]).table.to_pylist()
    assert json.loads(stored["custom_field_values"]) == row["custom_field_values"]


def test_nothing_of_a_stripped_object_is_a_value() -> None:
    """What is left in it does not say whose it is."""
    (stored,) = READERS["matters"].read([(1, compact(STRIPPED[2].values[1]))]).table.to_pylist()
    assert all(value is None for name, value in stored.items() if name.startswith("client__"))


NO_ID = {**VALUE, "id": None, "value": None}
WHOLE = [
    matter(1, custom_field_values=[{**VALUE, "value": None}]),
    matter(1, custom_field_values=[NO_ID]),
    matter(1, custom_field_values=[]),
    matter(1, custom_field_values=None),
    matter(1, description='"field_name":null {"id":null}'),
    matter(1, client={"id": 3}),
]  # fmt: skip


@pytest.mark.parametrize("row", WHOLE)
def test_what_is_only_empty_is_known(row: dict[str, Any]) -> None:
    """A value that is empty, no entry, no object, and text that looks like a stripped record."""
    columns = [c for c in MATTERS.columns if c.path[0] != "client" or c.name == "client__id"]
    assert unknown(RowReader(MATTERS, columns).read([(1, compact(row))])) == {}


def test_a_page_with_nothing_stripped_is_read_in_bulk() -> None:
    """Ordinary records, also with empty values of their own, cost no look at each row."""
    values = [{**VALUE, "value": None}, NO_ID]
    full = matter(1, custom_field_values=values, description="[Call] {note}")
    assert in_bulk(READERS["matters"], [(1, compact(full))]) is not None


def test_a_page_with_something_stripped_costs_that_page_alone() -> None:
    """The pages beside it are read in bulk, and all rows stand in their order."""
    rows = [matter(1), STRIPPED[0].values[1] | {"id": 2}, matter(3)]
    batch = READERS["matters"].read([(at, compact(row)) for at, row in enumerate(rows, start=1)])
    assert batch.table["id"].to_pylist() == [1, 2, 3]
    assert set(unknown(batch)) == {2}
    assert batch.last_id == 3


def test_a_key_that_is_missing_inside_an_object_is_not_sent() -> None:
    """Of a list that takes fields, what was asked for must come, also inside an object."""
    row = matter(1, client={"id": 7})
    missing = {c.name for c in MATTERS.columns if c.path[0] == "client"} - {"client__id"}
    found = unknown(READERS["matters"].read([(1, compact(row))])).get(1, {})
    assert found == dict.fromkeys(missing, "not sent")


def test_lists_that_leave_keys_out_as_they_like_are_left_alone() -> None:
    """Grow sends what it likes: a missing key there is no sign of anything."""
    locations = read_catalog("clio_grow").loaded["locations"]
    stamps = dict.fromkeys(("created_at", "updated_at"), "2026-03-02T09:00:00Z")
    rows = [{"id": 1, "name": "A", "new": 1, **stamps}, {"id": 2, **stamps}]
    batch = RowReader(locations).read([(1, page(rows))])
    assert unknown(batch) == {}


def member(**more: object) -> dict[str, Any]:
    """Return a matter with a custom field's value whose members are given."""
    return matter(1, custom_field_values=[VALUE | {"value": "x"} | more])


COPIES = {
    "last": {"custom_field": {"id": 1, "etag": '"a"'}},
    "first": {"custom_field": {"etag": '"a"', "id": 1}},
    "in the middle": {"contact": {"id": 1, "etag": '"a\\"}"', "type": "Person"}},
    "alone": {"matter": {"etag": '"a"'}},
    "null": {"picklist_option": {"id": 1, "etag": None}},
    "twice": {"custom_field": {"id": 1, "etag": '"a"'}, "contact": {"etag": '"b"', "id": 2}},
    "beside text that looks like it": {
        "value": '"custom_field":{"id":1,"etag":"a"} :{"etag":"x"}',
        "custom_field": {"id": 1, "etag": '"a"'},
    },
    "no object": {"custom_field": None},
}


@pytest.mark.parametrize("members", COPIES.values(), ids=COPIES)
def test_etags_of_other_records_are_not_stored(members: dict[str, Any]) -> None:
    """Whatever the order of keys; the entry's own etag and every text stay, in both readers."""
    row = member(**members)
    expected = json.loads(json.dumps(row["custom_field_values"]))
    for entry in expected:
        for value in entry.values():
            if isinstance(value, dict):
                value.pop("etag", None)
    reader = READERS["matters"]
    slow = carefully(reader, [(1, compact(row))])
    fast = in_bulk(reader, [(1, compact(row))])
    found = [batch for batch in (slow, fast) if batch is not None]
    for batch in found:
        (stored,) = sorted_rows(batch.table)
        assert json.loads(stored["custom_field_values"]) == expected
    assert len(found) == 2 or members == COPIES["null"]
    assert len({str(sorted_rows(batch.table)) for batch in found}) == 1
