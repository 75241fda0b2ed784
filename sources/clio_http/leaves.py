"""A page that DuckDB cannot read as a whole, read row by row.

The careful reader: one bad row costs that row, not the page. It sees what a bulk reader cannot:
duplicate keys, text that is not Unicode, keys that are missing, an object where a value belongs.
"""

import json
import math
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn

import orjson

from sources.errors import UnreadableAnswerError

from .catalog import EXTRA, JSON, Column

MAX_DEPTH = 100
_HALVES = re.compile("[\ud800-\udfff]")


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


class _DuplicateKeyError(ValueError):
    pass


class _MisfitError(ValueError):
    pass


@dataclass
class Leaves:
    """The text of every leaf of some pages, a list for each column, and the rows that misfit.

    `page` and `position` place each row; `received` holds every row by its place as JSON text;
    `misfits` holds the JSON text of a row and the reason.
    """

    columns: dict[str, list[str | None]]
    page: list[int] = field(default_factory=list)
    position: list[int] = field(default_factory=list)
    received: dict[tuple[int, int], str] = field(default_factory=dict)
    misfits: list[tuple[str, str]] = field(default_factory=list)
    present: set[str] = field(default_factory=set)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _DuplicateKeyError
    return found


def _refuse(token: str) -> NoReturn:
    raise ValueError(token)


def _parse(body: bytes, number: int) -> list[Any]:
    try:
        parsed = json.loads(
            body.decode("utf-8"),
            parse_float=_Number,
            parse_int=_Number,
            parse_constant=_refuse,
            object_pairs_hook=_no_duplicates,
        )
    except _DuplicateKeyError:
        message = f"page {number} repeats a key inside one record"
        raise UnreadableAnswerError(message) from None
    except (ValueError, RecursionError):
        message = f"page {number} is not valid JSON"
        raise UnreadableAnswerError(message) from None
    data = parsed.get("data") if isinstance(parsed, dict) else None
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        message = f"page {number} holds no list of records"
        raise UnreadableAnswerError(message)
    return data


def _as_number(text: str) -> int | float:
    """Turn a written number back into a number, if that says the same."""
    if not any(sign in text for sign in ".eE"):
        return int(text)
    if not math.isfinite(float(text)) or Decimal(repr(float(text))) != Decimal(text):
        message = "a number with more digits than can be kept"
        raise _MisfitError(message)
    return float(text)


def _plain(value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - any JSON value
    """Turn written numbers back into numbers, bounded in depth."""
    if depth > MAX_DEPTH:
        message = f"nested deeper than {MAX_DEPTH} levels"
        raise _MisfitError(message)
    if isinstance(value, _Number):
        return _as_number(value)
    if isinstance(value, dict):
        return {key: _plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, depth + 1) for inner in value]
    return value


def _json_text(value: object) -> str:
    try:
        return orjson.dumps(_plain(value)).decode()
    except TypeError:
        message = "a number too long or text that is not Unicode"
        raise _MisfitError(message) from None


def _leaf(row: dict[str, Any], column: Column, known: frozenset[str]) -> str | None:
    if column.type == EXTRA:
        return _unknown(row, known)
    value: Any = row
    for depth, key in enumerate(column.path):
        if value is None:
            return None
        if not isinstance(value, dict):
            message = f"{column.path[depth - 1]}: a value where an object belongs"
            raise _MisfitError(message)
        value = value.get(key)
    if value is None:
        return None
    if column.type == JSON:
        return _json_text(value)
    return _text(value, column)


def _unknown(row: dict[str, Any], known: frozenset[str]) -> str | None:
    """Give the keys that are not known, sorted, so that the same content has the same text."""
    found = {key: value for key, value in row.items() if key not in known}
    return _received(found, sort_keys=True) if found else None


def _text(value: object, column: Column) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        if column.type == "VARCHAR":
            return _json_text(value)
        message = f"{column.name}: an object where a value belongs"
        raise _MisfitError(message)
    if isinstance(value, _Number):
        return _number_text(value)
    text = str(value)
    if any("\ud800" <= char <= "\udfff" for char in text):
        message = f"{column.name}: text that is not Unicode"
        raise _MisfitError(message)
    return text


def _number_text(text: str) -> str:
    """Write a number as the bulk reader writes it, where that says the same."""
    if not any(sign in text for sign in ".eE"):
        return str(text)
    try:
        return orjson.dumps(_as_number(text)).decode()
    except _MisfitError:
        return str(text)


def _kept(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Turn written numbers back into numbers; one that would be rounded stays as it was written."""
    if isinstance(value, _Number):
        try:
            return _as_number(value)
        except _MisfitError:
            return str(value)
    if isinstance(value, dict):
        return {key: _kept(inner) for key, inner in value.items()}
    return [_kept(inner) for inner in value] if isinstance(value, list) else value


def _received(row: dict[str, Any], *, sort_keys: bool = False) -> str:
    """Give a row as JSON; a half of a character is written out, since databases take none."""
    try:
        kept = _kept(row)
    except RecursionError:
        kept = {key: _kept(value) for key, value in row.items() if not isinstance(value, list)}
    text = json.dumps(kept, separators=(",", ":"), ensure_ascii=False, sort_keys=sort_keys)
    return _HALVES.sub(lambda half: f"\\\\u{ord(half.group()):04x}", text)


def _without(row: dict[str, Any], paths: Iterable[tuple[str, ...]]) -> dict[str, Any]:
    """Give a row without the values that some paths lead to."""
    kept = dict(row)
    for first, *inner in paths:
        value = kept.get(first)
        if not inner:
            kept.pop(first, None)
        elif isinstance(value, dict):
            kept[first] = {key: each for key, each in value.items() if key not in inner}
    return kept


def read_leaves(
    pages: Sequence[tuple[int, bytes]],
    columns: Sequence[Column],
    known: frozenset[str] = frozenset(),
    left_out: Collection[tuple[str, ...]] = (),
) -> Leaves:
    """Read (number, body) pages row by row; `known` are the keys that no EXTRA column keeps.

    What the paths of `left_out` lead to is not kept of any row.

    Raises:
        UnreadableAnswerError: a page is not JSON, repeats a key or holds no list of records.

    """
    leaves = Leaves({column.name: [] for column in columns})
    for number, body in pages:
        for position, row in enumerate(_parse(body, number), start=1):
            row = _without(row, left_out) if left_out else row  # noqa: PLW2901
            leaves.received[number, position] = received = _received(row)
            leaves.present.update(row)
            try:
                texts = [_leaf(row, column, known) for column in columns]
            except _MisfitError as misfit:
                leaves.misfits.append((received, str(misfit)))
                continue
            leaves.page.append(number)
            leaves.position.append(position)
            for column, text in zip(columns, texts, strict=True):
                leaves.columns[column.name].append(text)
    return leaves
