"""One text for one value: JSON that is the same on every machine, so that it can be hashed.

As RFC 8785 without numbers that have a fraction: keys in order, no spaces, UTF-8. Money and hours
are texts, since two machines may write one float in two ways.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sources.clio_http.leaves import JsonValue

SHORT = 12
"""So many characters of a plan's hash name it."""


def canonical(value: object) -> str:
    """Write a value of mappings, sequences, texts, whole numbers, booleans and nulls.

    Raises:
        TypeError: it holds a fraction, a key that is not a text, or anything else.
        ValueError: a text of it cannot be written as UTF-8.

    """
    text = json.dumps(
        _plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
    )
    text.encode()
    return text


def digest(value: object) -> str:
    """Return the SHA-256 of a value's canonical text, 64 hexadecimal digits."""
    return sha256(canonical(value))


def sha256(text: str) -> str:
    """Return the SHA-256 of a text as UTF-8, 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def read(text: str) -> JsonValue:
    """Read JSON without ever making a float of a number: one with a fraction is a Decimal.

    Raises:
        ValueError: it is not JSON, or a key comes twice.

    """
    return json.loads(text, parse_float=Decimal, parse_constant=_no, object_pairs_hook=_once)


def _plain(value: object) -> object:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            message = "a key is not a text"
            raise TypeError(message)
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(one) for one in value]
    message = f"a {type(value).__name__} has no canonical text"
    raise TypeError(message)


def _no(name: str) -> object:
    message = f"{name} is not JSON"
    raise ValueError(message)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a key comes twice"
        raise ValueError(message)
    return found
