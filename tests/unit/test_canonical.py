"""One text for one value, whatever its order, and nothing that two machines differ on."""

from decimal import Decimal

import pytest

from pipelines.ledger.canonical import canonical, digest, read, sha256


def test_order_of_keys_does_not_matter() -> None:
    """Two mappings with the same content have one text and one digest."""
    one, other = {"b": 1, "a": [True, None]}, {"a": [True, None], "b": 1}
    assert canonical(one) == canonical(other) == '{"a":[true,null],"b":1}'
    assert digest(one) == digest(other) == sha256('{"a":[true,null],"b":1}')


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Müller\n", '"Müller\\n"'),
        ({"z": (1, 2)}, '{"z":[1,2]}'),
        (2**60, "1152921504606846976"),
        ("", '""'),
        (None, "null"),
    ],
)
def test_text(value: object, text: str) -> None:
    """A value's text is JSON without spaces, in UTF-8, and reads back as it was."""
    assert canonical(value) == text
    assert canonical(read(text)) == text


@pytest.mark.parametrize("value", [0.1, [1.0], {"a": float("nan")}, {1: "a"}, b"x", Decimal(1)])
def test_what_has_no_one_text_is_refused(value: object) -> None:
    """Fractions, keys that are no texts and bytes cannot be written."""
    with pytest.raises(TypeError):
        canonical(value)


def test_half_a_character_is_refused() -> None:
    """A text that cannot be sent as UTF-8 has no digest."""
    with pytest.raises(ValueError, match="surrogates"):
        canonical("\ud800")


@pytest.mark.parametrize("text", ['{"a":1,"a":2}', "NaN", '{"a":Infinity}', "{"])
def test_what_is_not_json_is_not_read(text: str) -> None:
    """A key that comes twice, and numbers that JSON does not know, are refused."""
    with pytest.raises(ValueError, match=r"twice|is not JSON|property name"):
        read(text)


def test_a_fraction_is_read_exactly() -> None:
    """A number with a fraction is read as it stands, never as a float."""
    assert read('{"a":0.10}') == {"a": Decimal("0.10")}
