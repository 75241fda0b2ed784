"""The careful reader: one bad row costs that row; what is no page costs the page, by number."""

import json

import pytest

from sources.clio_http.catalog import Column
from sources.clio_http.leaves import MAX_DEPTH, read_leaves
from sources.errors import UnreadableAnswerError
from tests.unit.pages import ID, literal_page, page, reader_of

TEXT = (ID, Column("v", "VARCHAR", ("v",)))
LIST = (ID, Column("v", "JSON", ("v",)))
INSIDE = (ID, Column("o__x", "VARCHAR", ("o", "x")))


def texts(body: bytes, columns: tuple[Column, ...] = TEXT) -> list[str | None]:
    """Give the text of the last column of a page."""
    return read_leaves([(1, body)], columns).columns[columns[-1].name]


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


def test_an_object_where_text_belongs_is_kept_as_json() -> None:
    """A text column that is served an object keeps all of it."""
    assert texts(literal_page('{"a": [1, 2]}')) == ['{"a":[1,2]}']


@pytest.mark.parametrize("inner", ["null", "{}", '{"y":1}', '{"x":null}'])
def test_what_is_missing_inside_an_object_is_null(inner: str) -> None:
    """No object, an empty one and one without the key all say null."""
    body = f'{{"data":[{{"id":1,"o":{inner}}}]}}'.encode()
    assert texts(body, INSIDE) == [None]


@pytest.mark.parametrize("inner", ["5", '"x"', "[1]", "true"])
def test_a_value_where_an_object_belongs_misfits(inner: str) -> None:
    """The row is set aside; the reason names the object."""
    body = f'{{"data":[{{"id":1,"o":{inner}}},{{"id":2,"o":{{"x":"y"}}}}]}}'.encode()
    leaves = read_leaves([(1, body)], INSIDE)

    assert [reason for _, reason in leaves.misfits] == ["o: a value where an object belongs"]
    assert leaves.columns["id"] == ["2"]
    assert (leaves.page, leaves.position) == ([1], [2])


def test_half_a_character_misfits_and_is_kept() -> None:
    """A lone surrogate costs its row; what is kept of it is plain JSON."""
    leaves = read_leaves([(1, literal_page('"\\ud800x"', '"whole \\ud83d\\ude00"'))], TEXT)

    ((row, reason),) = leaves.misfits
    assert reason == "v: text that is not Unicode"
    row.encode("utf-8")
    assert "ud800" in row
    assert leaves.columns["v"] == ["whole \U0001f600"]


def test_half_a_character_inside_an_array_misfits() -> None:
    """An array with such text costs its row too."""
    leaves = read_leaves([(1, literal_page('["\\udfff"]', "[]"))], LIST)
    assert len(leaves.misfits) == 1
    assert leaves.columns["v"] == ["[]"]


def test_depth_is_bounded() -> None:
    """An array nested too deep sets its row aside; one that is just deep is stored."""
    deep = "[" * (MAX_DEPTH + 5) + "]" * (MAX_DEPTH + 5)
    fine = "[" * (MAX_DEPTH - 5) + "]" * (MAX_DEPTH - 5)
    leaves = read_leaves([(1, literal_page(deep, fine))], LIST)

    assert [reason for _, reason in leaves.misfits] == [f"nested deeper than {MAX_DEPTH} levels"]
    assert leaves.columns["v"] == [fine]


def test_absurd_depth_refuses_the_page() -> None:
    """What cannot be parsed at all is refused by number, and never crashes."""
    absurd = "[" * 100_000 + "]" * 100_000
    with pytest.raises(UnreadableAnswerError, match="page 1"):
        read_leaves([(1, literal_page(absurd))], LIST)


def test_a_large_array_is_stored_and_a_huge_one_set_aside() -> None:
    """A hundred thousand entries fit; more than five million characters do not."""
    large = "[" + ",".join(["1"] * 100_000) + "]"
    huge = "[" + ",".join(["12345678"] * 600_000) + "]"
    batch = reader_of("JSON").read([(1, literal_page(large, huge, "[]"))])

    assert {row["id"]: row["v"] for row in batch.table.to_pylist()} == {1: large, 3: "[]"}
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


def test_every_row_is_kept_as_received() -> None:
    """Each row can be found by page and position, with its text unharmed."""
    rows: list[dict[str, object]] = [{"id": 1, "v": "Łódź \U0001f600"}, {"id": 2, "v": None}]
    received = read_leaves([(4, page(rows))], TEXT).received

    assert [json.loads(received[4, at])["v"] for at in (1, 2)] == ["Łódź \U0001f600", None]


def test_a_row_is_kept_with_its_numbers_as_numbers() -> None:
    """What goes to quarantine is the row as Clio sent it."""
    received = read_leaves([(1, page([{"id": 1, "v": 1.5}]))], TEXT).received
    assert json.loads(received[1, 1]) == {"id": 1, "v": 1.5}


@pytest.mark.parametrize("number", ["900719925474099.3", "0.12345678901234567891", "1e400"])
def test_a_number_inside_an_array_is_not_rounded(number: str) -> None:
    """It is stored exactly or its row is set aside; never rounded, never null."""
    leaves = read_leaves([(1, literal_page(f"[{number}]"))], LIST)
    assert leaves.misfits or leaves.columns["v"] == [f"[{number}]"]


def test_a_deep_array_beside_a_misfit_does_not_crash() -> None:
    """Depth never crashes a walk, whichever reader meets it: the row or the page is refused."""
    deep = "[" * 1000 + "]" * 1000
    body = literal_page(deep).replace(b'{"id":1,', b'{"id":"x","w":1,')
    try:
        batch = reader_of("JSON").read([(1, body)])
    except UnreadableAnswerError:
        return
    assert batch.misfits
