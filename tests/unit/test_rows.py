"""Pages become typed rows: both readers agree, and what paging promises is checked."""

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.clio_http.catalog import JSON, Collection, Column
from sources.clio_http.rows import ARROW_TYPES, Batch, RowReader
from sources.errors import BrokenWalkError, UnreadableAnswerError
from tests.unit.pages import (
    CATALOG,
    ID,
    blank,
    carefully,
    in_bulk,
    literal_page,
    page,
    reader_of,
    shape_of,
    sorted_rows,
    unknown,
    values,
)

EVERY_TYPE = ("line_items", "expense_categories", "interest_charges", "billable_clients")
COLLECTIONS = [CATALOG.loaded[name] for name in EVERY_TYPE]
READERS = {collection.name: RowReader(collection) for collection in COLLECTIONS}

texts = st.text(max_size=8) | st.sampled_from(
    ["Łódź", "שלום", "\U0001f469\u200d⚖️", "a\x00b", "\x1b[2J"]
)
moments = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2999, 1, 1))
zones = st.sampled_from(["Z", "+05:30", "-08:00", ""])
money = st.decimals(min_value=-(10**9), max_value=10**9, places=2).map(float) | st.integers(-9, 9)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "BIGINT": st.integers(-(2**63), 2**63 - 1),
    "BOOLEAN": st.booleans(),
    "DATE": st.dates().map(str),
    "DECIMAL": money | st.sampled_from([10**16 + 1, 10**18 + 1, "0.10", 0.1]),
    "DOUBLE": st.floats(-1e6, 1e6).map(lambda value: round(value, 4)),
    "JSON": st.lists(
        texts | st.integers(0, 2**60) | st.dictionaries(texts, texts | st.none(), max_size=2),
        max_size=2,
    ),
    "TIMESTAMPTZ": st.builds(lambda moment, zone: moment.isoformat() + zone, moments, zones),
    "VARCHAR": texts,
}


@st.composite
def record(draw: st.DrawFn, columns: tuple[Column, ...], key: int) -> dict[str, Any]:
    """Return a row with every requested key, each null or a value of its type."""
    given_values = {
        column.name: draw(st.none() | VALUES[column.type])
        for column in columns
        if column.name != "id"
    }
    return blank(columns, id=key, **given_values)


@st.composite
def pages_of(draw: st.DrawFn) -> tuple[Collection, list[list[dict[str, Any]]]]:
    """Return a collection, and pages of rows of it with ids that rise."""
    collection = draw(st.sampled_from(COLLECTIONS))
    sizes = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    start = draw(st.sampled_from([1, 2**53, 2**62]))
    found, key = [], start
    for size in sizes:
        rows = [draw(record(shape_of(collection), key + at)) for at in range(size)]
        found.append(rows)
        key += size
    return collection, found


@settings(max_examples=30)
@given(found=pages_of())
def test_both_readers_give_equal_tables(
    found: tuple[Collection, list[list[dict[str, Any]]]],
) -> None:
    """The bulk reader and the careful reader agree on any page that both read."""
    collection, every = found
    reader = READERS[collection.name]
    bodies = [(number, page(rows)) for number, rows in enumerate(every, start=1)]

    careful = carefully(reader, bodies)
    bulk = in_bulk(reader, bodies)

    assert careful.rows == sum(map(len, every))
    if bulk is not None:
        assert meant(bulk, collection) == meant(careful, collection)
        assert (bulk.rows, bulk.last_id) == (careful.rows, careful.last_id)
        assert {m.record_id for m in bulk.misfits} == {m.record_id for m in careful.misfits}
    assert meant(reader.read(bodies), collection) == meant(careful, collection)


@settings(max_examples=15)
@given(found=pages_of())
def test_lists_read_at_once_give_what_each_gives_by_itself(
    found: tuple[Collection, list[list[dict[str, Any]]]],
) -> None:
    """Each page a list of its own: the same tables; None only where one is odd or all are empty."""
    collection, every = found
    reader = READERS[collection.name]
    bodies = [page(rows) for rows in every]
    alone = [reader.read([(1, body)]) for body in bodies]

    together = reader.read_each([[body] for body in bodies])

    odd = any(in_bulk(reader, [(1, body)]) is None for body in bodies)
    assert (together is None) == (odd or not any(every))
    if together is not None:
        assert [meant(b, collection) for b in together] == [meant(b, collection) for b in alone]
        told = [(b.rows, b.last_id, b.misfits, b.absent) for b in together]
        assert told == [(b.rows, b.last_id, b.misfits, b.absent) for b in alone]


ODD_LISTS = {
    "a misfit": [page([{"id": "x"}])],
    "no page": [b"{"],
    "nothing anywhere": [page([])],
    "a key twice": [page([{"id": 5}]), page([{"id": 5}])],
}


@pytest.mark.parametrize("odd", ODD_LISTS.values(), ids=ODD_LISTS)
def test_lists_are_read_at_once_unless_one_is_odd(odd: list[bytes]) -> None:
    """Ordinary lists are, also beside an empty one; with an odd one each is read by itself."""
    reader = RowReader(CATALOG.loaded["tasks"], (ID,))
    both = reader.read_each(
        [[page([{"id": 7}]), page([{"id": 8}])], [page([])], [page([{"id": 3}])]]
    )

    assert both is not None
    assert [(sorted_rows(batch.table), batch.last_id) for batch in both] == [
        ([{"id": 7}, {"id": 8}], 8),
        ([], 0),
        ([{"id": 3}], 3),
    ]
    ordinary = [] if odd == ODD_LISTS["nothing anywhere"] else [[page([{"id": 1}])]]
    assert reader.read_each([*ordinary, odd]) is None


def meant(batch: Batch, collection: Collection) -> list[dict[str, Any]]:
    """Return the rows of a batch, arrays by what their JSON says."""
    arrays = {column.name for column in collection.columns if column.type == JSON}
    return [
        {name: json.loads(v) if name in arrays and v is not None else v for name, v in row.items()}
        for row in sorted_rows(batch.table)
    ]


@settings(max_examples=15)
@given(
    row=record(shape_of(CATALOG.loaded["line_items"]), 5), order=st.randoms(use_true_random=False)
)
def test_order_of_keys_and_white_space_say_nothing(row: dict[str, Any], order: Any) -> None:
    """The same record, its keys shuffled and its JSON spread out, gives the same row."""
    names = list(row)
    order.shuffle(names)
    spread = json.dumps({"meta": {}, "data": [{name: row[name] for name in names}]}, indent=3)
    reader = READERS["line_items"]

    assert reader.read([(1, spread.encode())]).table == reader.read([(1, page([row]))]).table


def test_an_ordinary_page_is_read_in_bulk() -> None:
    """The careful reader, which is slower, is not what reads a page with nothing odd in it."""
    for collection in CATALOG.loaded.values():
        columns = shape_of(collection)
        row = blank(columns, **dict.fromkeys(collection.key, 1), etag="e", type="x")
        assert in_bulk(RowReader(collection), [(1, page([row]))]) is not None, collection.name


def test_every_collection_gives_the_types_of_its_catalogue() -> None:
    """A page with nothing but keys gives one column for each of the catalogue's, typed."""
    for collection in CATALOG.loaded.values():
        columns = shape_of(collection)
        batch = RowReader(collection).read([(1, page([blank(columns, id=1, event__id=1)]))])

        assert batch.table.column_names == [column.name for column in columns]
        assert batch.table.schema.types == [ARROW_TYPES[column.type] for column in columns]


EMPTY = [
    b'{"data":[]}',
    b'{"data":[],"meta":{"paging":{}}}',
    b' { "data" : [ ] , "meta" : { "paging" : { "previous" : "https://x/?a={}" } } } ',
    b'{"data":[],"meta":{"records":0,"paging":{}}}',
]


@pytest.mark.parametrize("body", EMPTY)
def test_an_empty_page_is_an_empty_table(body: bytes) -> None:
    """A page without rows gives typed columns, no misfit, and leaves the last id as it was."""
    reader = READERS["line_items"]
    batch = reader.read([(4, body)], after=17)

    assert (batch.rows, batch.last_id, batch.misfits) == (0, 17, ())
    assert batch.absent == frozenset()
    assert batch.table.schema.types == [ARROW_TYPES[column.type] for column in reader.columns]


NO_PAGES = {
    "null instead of a list": b'{"data":null}',
    "null with spaces": b'{ "data" :\n null, "meta":{}}',
    "an object instead of a list": b'{"data":{"id":1}}',
    "text instead of a list": b'{"data":"none"}',
    "no data": b'{"meta":{}}',
    "a bare list": b"[]",
    "a list of numbers": b'{"data":[5]}',
    "cut off": b'{"data":[{"id":1,"v":null}',
    "empty": b"",
    "HTML": b"<html><body>Sign in</body></html>",
    "not UTF-8": b'{"data":[{"id":1,"v":"\xff\xfe"}]}',
    "a key twice in a record": b'{"data":[{"id":1,"v":"a","v":"b"}]}',
    "the list twice": b'{"data":[],"data":[{"id":1,"v":null}]}',
    "something after it": b'{"data":[{"id":1,"v":null}]} and more',
}


@pytest.mark.parametrize("body", NO_PAGES.values(), ids=NO_PAGES)
def test_what_is_not_a_page_is_refused_by_number(body: bytes) -> None:
    """A body that holds no list of records is never an empty page: it is refused, and named."""
    with pytest.raises(UnreadableAnswerError, match="page 2"):
        reader_of("VARCHAR").read([(1, literal_page("null")), (2, body)])


def rows_with(*ids: object) -> bytes:
    """Return a page of rows of which only the id is set."""
    columns = shape_of(CATALOG.loaded["activities_written_off"])
    return page([blank(columns, id=key) for key in ids])


@pytest.mark.parametrize(
    "bodies",
    [[rows_with(1, 1)], [rows_with(2, 1)], [rows_with(1, 2), rows_with(2, 3)], [rows_with(0)]],
    ids=["twice", "falling", "again on the next page", "not above the last"],
)
def test_ids_must_rise(bodies: list[bytes]) -> None:
    """In a list by id, a repeated or falling id within or between pages breaks the walk."""
    reader = RowReader(CATALOG.loaded["activities_written_off"])
    with pytest.raises(BrokenWalkError, match="ids do not rise"):
        reader.read(list(enumerate(bodies, start=1)))


def test_ids_must_rise_above_those_of_the_batch_before() -> None:
    """`after` is where the last batch ended; the greatest id is where this one ends."""
    reader = RowReader(CATALOG.loaded["activities_written_off"])
    assert reader.read([(3, rows_with(11, 12))], after=10).last_id == 12
    with pytest.raises(BrokenWalkError, match="pages 3 and 3"):
        reader.read([(3, rows_with(10, 12))], after=10)


def test_ids_may_come_in_any_order_where_clio_promises_none() -> None:
    """A list that cannot be ordered may repeat an id: the classification settles that."""
    collection = CATALOG.loaded["billable_clients"]
    rows = [blank(shape_of(collection), id=key) for key in (3, 1, 3)]
    batch = READERS["billable_clients"].read([(1, page(rows))])

    assert [row["id"] for row in sorted_rows(batch.table)] == [1, 3, 3]
    assert batch.last_id == 0


@pytest.mark.parametrize("name", ["activities_written_off", "billable_clients"])
def test_a_record_without_a_key_breaks_the_walk(name: str) -> None:
    """A null key is no row: the page is rejected, whatever the order of the list."""
    collection = CATALOG.loaded[name]
    rows = [blank(shape_of(collection), id=key) for key in (1, None)]
    with pytest.raises(BrokenWalkError, match="page 7 holds a record without id"):
        RowReader(collection).read([(7, page(rows))])


def test_a_page_holds_at_most_what_was_asked_for() -> None:
    """More rows than the page size mean that the limit was not honoured."""
    reader = RowReader(CATALOG.loaded["activities_written_off"])
    assert reader.read([(1, rows_with(*range(1, 201)))]).rows == 200
    with pytest.raises(BrokenWalkError, match="page 1 holds more than 200"):
        reader.read([(1, rows_with(*range(1, 202)))])


def test_ids_may_be_text_and_beyond_what_a_double_holds() -> None:
    """An id as text is cast and checked; one past 2^53 is exact."""
    reader = RowReader(CATALOG.loaded["activities_written_off"])
    big = 2**53 + 1
    batch = reader.read([(1, rows_with("7", big, 2**63 - 1))])

    assert [row["id"] for row in sorted_rows(batch.table)] == [7, big, 2**63 - 1]
    assert batch.last_id == 2**63 - 1


def test_an_object_that_is_null_is_null() -> None:
    """No matter leaves the column null, and that is known."""
    columns = shape_of(CATALOG.loaded["line_items"])
    batch = READERS["line_items"].read([(1, page([{**blank(columns, id=1), "matter": None}]))])

    assert batch.table.column("matter__id").to_pylist() == [None]
    assert (batch.misfits, unknown(batch)) == ((), {})


def test_a_field_that_no_row_has_is_named() -> None:
    """A requested field that is missing from every row is told apart from null."""
    columns = shape_of(CATALOG.loaded["line_items"])
    rows = [blank(columns, id=1), blank(columns, id=2)]
    for row in rows:
        del row["note"], row["matter"]
    del rows[0]["total"]
    batch = READERS["line_items"].read([(1, page(rows))])

    assert batch.absent == {"note", "matter"}
    assert batch.rows == 2
    everywhere = {"note": "not sent", "matter__id": "not sent"}
    assert unknown(batch) == {1: {"total": "not sent", **everywhere}, 2: everywhere}


def test_a_field_that_was_not_asked_for_is_ignored() -> None:
    """A key that Clio adds changes nothing."""
    columns = shape_of(CATALOG.loaded["line_items"])
    row = {**blank(columns, id=1), "new_in_clio": {"deep": [1]}}
    batch = READERS["line_items"].read([(1, page([row]))])

    assert (batch.rows, batch.misfits, batch.absent) == (1, (), frozenset())


UNUSUAL = [("VARCHAR", "1.50"), ("BIGINT", "1E2"), ("JSON", '["\\u001f"]')]


@pytest.mark.parametrize(("kind", "literal"), UNUSUAL)
def test_both_readers_agree_on_unusual_values(kind: str, literal: str) -> None:
    """Which reader met a row must not show in what is stored of it."""
    reader = reader_of(kind)
    bodies = [(1, literal_page(literal))]
    bulk = in_bulk(reader, bodies)
    careful = carefully(reader, bodies)

    assert bulk is not None
    assert bulk.table == careful.table


def test_a_power_of_ten_is_not_rounded() -> None:
    """Twenty digits with an exponent are exact or set aside, as without one."""
    batch = reader_of("DECIMAL").read([(1, literal_page("1.00000000000000000019e1"))])
    assert values(batch) == {1: None}
    assert [misfit.record_id for misfit in batch.misfits] == ["1"]
