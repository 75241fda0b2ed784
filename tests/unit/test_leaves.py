"""The careful reader: a bad value costs itself; what is no page costs the page, by number."""

import json

import pytest

from sources.clio_http.catalog import Column
from sources.clio_http.leaves import MAX_DEPTH, Leaves, read_leaves, received
from sources.errors import UnreadableAnswerError
from tests.unit.pages import ID, literal_page, page, reader_of, values

TEXT = (ID, Column("v", "VARCHAR", ("v",)))
LIST = (ID, Column("v", "JSON", ("v",)))
INSIDE = (ID, Column("o__x", "VARCHAR", ("o", "x")))


def texts(body: bytes, columns: tuple[Column, ...] = TEXT) -> list[str | None]:
    """Return the text of the last column of a page."""
    return read_leaves([(1, body)], columns).columns[columns[-1].name]


def reasons(leaves: Leaves) -> dict[tuple[int, int], dict[str, str]]:
    """Return why values are set aside, by place and column."""
    return {
        place: {name: oddity.reason for name, oddity in found.items()}
        for place, found in leaves.odd.items()
    }


def test_every_scalar_is_its_own_text() -> None:
    """Numbers say what they said, to the last digit; true, false and null are no texts."""
    written = [
        "1.50",
        "-0",
        "1E2",
        "12345678901234567890.5",
        "true",
        "false",
        "null",
        '"null"',
        '""',
    ]
    expected = ["1.5", "-0", "100.0", "12345678901234567890.5", "true", "false", None, "null", ""]
    assert texts(literal_page(*written)) == expected


def test_an_array_is_json_without_white_space() -> None:
    """An array keeps its order, its keys' order and its text, not its spaces."""
    body = literal_page('[ {"b" : 1, "a":null}, "Łódź \\u0001" ,2 ]')
    assert texts(body, LIST) == ['[{"b":1,"a":null},"Łódź \\u0001",2]']


@pytest.mark.parametrize("literal", ['{"a": [1, 2]}', "[]", "{}"])
def test_an_object_where_text_belongs_is_no_text(literal: str) -> None:
    """A text column that is served an object or a list never keeps it as its text."""
    leaves = read_leaves([(1, literal_page(literal))], TEXT)
    assert leaves.columns["v"] == [None]
    assert reasons(leaves) == {(1, 1): {"v": "an object or a list where a value belongs"}}


@pytest.mark.parametrize("inner", ["null", "{}", '{"y":1}', '{"x":null}'])
def test_what_is_missing_inside_an_object_is_null(inner: str) -> None:
    """No object, an empty one and one without the key all say null."""
    body = f'{{"data":[{{"id":1,"o":{inner}}}]}}'.encode()
    assert texts(body, INSIDE) == [None]


@pytest.mark.parametrize("inner", ["5", '"x"', "[1]", "[]", "true"])
def test_a_value_where_an_object_belongs_misfits(inner: str) -> None:
    """It costs the columns inside the object, in its row alone."""
    body = f'{{"data":[{{"id":1,"o":{inner}}},{{"id":2,"o":{{"x":"y"}}}}]}}'.encode()
    leaves = read_leaves([(1, body)], INSIDE)

    assert reasons(leaves) == {(1, 1): {"o__x": "a value where an object belongs"}}
    assert leaves.columns == {"id": ["1", "2"], "o__x": [None, "y"]}
    assert (leaves.page, leaves.position) == ([1, 1], [1, 2])


def test_half_a_character_misfits_and_is_kept() -> None:
    """A lone surrogate costs its value; what is kept of it is plain JSON."""
    batch = reader_of("VARCHAR").read([(1, literal_page('"\\ud800x"', '"whole \\ud83d\\ude00"'))])

    (misfit,) = batch.misfits
    assert (misfit.field, misfit.reason) == ("v", "text that is not Unicode")
    misfit.row.encode("utf-8")
    assert "ud800" in misfit.row
    assert values(batch) == {1: None, 2: "whole \U0001f600"}


def test_half_a_character_inside_an_array_misfits() -> None:
    """An array with such text is set aside too."""
    leaves = read_leaves([(1, literal_page('["\\udfff"]', "[]"))], LIST)
    assert set(leaves.odd) == {(1, 1)}
    assert leaves.columns["v"] == [None, "[]"]


def test_depth_is_bounded() -> None:
    """An array nested too deep is set aside; one that is just deep is stored."""
    deep = "[" * (MAX_DEPTH + 5) + "]" * (MAX_DEPTH + 5)
    fine = "[" * (MAX_DEPTH - 5) + "]" * (MAX_DEPTH - 5)
    leaves = read_leaves([(1, literal_page(deep, fine))], LIST)

    assert reasons(leaves) == {(1, 1): {"v": f"nested deeper than {MAX_DEPTH} levels"}}
    assert leaves.columns["v"] == [None, fine]


def test_absurd_depth_refuses_the_page() -> None:
    """What cannot be parsed at all is refused by number, and never crashes."""
    absurd = "[" * 100_000 + "]" * 100_000
    with pytest.raises(UnreadableAnswerError, match="page 1"):
        read_leaves([(1, literal_page(absurd))], LIST)


@pytest.mark.long
def test_a_large_array_is_stored_and_a_huge_one_set_aside() -> None:
    """A hundred thousand entries fit; more than five million characters do not."""
    large = "[" + ",".join(["1"] * 100_000) + "]"
    huge = "[" + ",".join(["12345678"] * 600_000) + "]"
    batch = reader_of("JSON").read([(1, literal_page(large, huge, "[]"))])

    assert values(batch) == {1: large, 2: None, 3: "[]"}
    assert [misfit.record_id for misfit in batch.misfits] == ["2"]


def test_a_megabyte_of_text_is_stored_exactly() -> None:
    """Long text with awkward characters arrives whole."""
    text = "ש\U0001f600\x00\x1b[2J'\"\\" * 100_000
    batch = reader_of("VARCHAR").read([(1, page([{"id": 1, "v": text}]))])
    assert batch.table.column("v").to_pylist() == [text]


def test_a_key_twice_refuses_the_page() -> None:
    """Nobody knows which of two values counts, so no row of the page is taken."""
    for text in ('{"id":1,"v":"a","v":"b"}', '{"id":1,"v":{"x":1,"x":2}}'):
        with pytest.raises(UnreadableAnswerError, match="page 3 repeats a key"):
            read_leaves([(3, ('{"data":[' + text + "]}").encode())], TEXT)


def test_which_keys_were_present_is_known() -> None:
    """The keys of all rows together, those whose value is null too."""
    body = b'{"data":[{"id":1},{"id":2,"v":null}]}'
    assert read_leaves([(1, body)], TEXT).present == {"id", "v"}


def test_every_row_can_be_told_as_received() -> None:
    """Each row can be found by page and position, with its text unharmed, its numbers numbers."""
    rows: list[dict[str, object]] = [{"id": 1, "v": "Łódź \U0001f600"}, {"id": 2, "v": 1.5}]
    leaves = read_leaves([(4, page(rows))], TEXT)

    assert [json.loads(received(leaves.rows[4, at])) for at in (1, 2)] == rows


def test_a_row_that_is_no_object_costs_itself() -> None:
    """It is kept, and the records beside it are read."""
    batch = reader_of("VARCHAR").read([(1, b'{"data":[5,{"id":2,"v":"x"},[1]]}')])

    assert [(m.record_id, m.row, m.field) for m in batch.misfits] == [
        ("", "5", ""),
        ("", "[1]", ""),
    ]
    assert (values(batch), batch.rows) == ({2: "x"}, 3)


@pytest.mark.parametrize("number", ["900719925474099.3", "0.12345678901234567891", "1e400"])
def test_a_number_inside_an_array_is_not_rounded(number: str) -> None:
    """It is stored exactly or its array is set aside; never rounded, never a plain null."""
    leaves = read_leaves([(1, literal_page(f"[{number}]"))], LIST)
    assert leaves.odd or leaves.columns["v"] == [f"[{number}]"]


def test_a_deep_array_beside_a_misfit_does_not_crash() -> None:
    """Depth never crashes a walk, whichever reader meets it: the row or the page is refused."""
    deep = "[" * 1000 + "]" * 1000
    body = literal_page(deep).replace(b'{"id":1,', b'{"id":"x","w":1,')
    try:
        batch = reader_of("JSON").read([(1, body)])
    except UnreadableAnswerError:
        return
    assert batch.misfits
