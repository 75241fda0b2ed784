"""A page that DuckDB cannot read as a whole, read row by row.

The careful reader: a bad value costs that value, not its row or page. It sees what a bulk reader
cannot: duplicate keys, text that is not Unicode, keys that are missing, an object where a value
belongs, nested records that were stripped of what is in them.
"""

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

import orjson

from sources.errors import UnreadableAnswerError

from .bulk import DOES_NOT_FIT, NONE, NOT_SENT, STRIPPED, Signs
from .catalog import EXTRA, JSON, Column

MAX_DEPTH = 100
NO_NUMBER = "NaN or Infinity, which JSON does not have"
LEFT_OUT = "left out: part of it is not to be kept"
JsonValue: TypeAlias = Any
"""Whatever a text of JSON holds."""
Place: TypeAlias = tuple[int, int]
"""Where a row stands: its page and its position there, from 1 on."""
_HALVES = re.compile("[\ud800-\udfff]")


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


class _Constant(str):
    """NaN or Infinity, which JSON does not have."""

    __slots__ = ()


class _DuplicateKeyError(ValueError):
    pass


class _MisfitError(ValueError):
    pass


@dataclass(frozen=True)
class Oddity:
    """Why a value of a row is not known; of one that does not fit also what is wrong with it."""

    evidence: str
    reason: str = ""


@dataclass
class Leaves:
    """The text of every leaf of some pages, a list for each column, and what is odd about them.

    `page` and `position` place each row of `columns`; `rows` has every row by its place. `odd`
    holds by place and column what is not known. `misfits` holds the JSON text of what is no row.
    """

    columns: dict[str, list[str | None]]
    page: list[int] = field(default_factory=list)
    position: list[int] = field(default_factory=list)
    rows: dict[Place, dict[str, Any]] = field(default_factory=dict)
    odd: dict[Place, dict[str, Oddity]] = field(default_factory=dict)
    misfits: list[str] = field(default_factory=list)
    present: set[str] = field(default_factory=set)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _DuplicateKeyError
    return found


def exact(body: bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Read JSON as it is written: fractions as Decimal, and no key twice.

    Raises:
        UnreadableAnswerError: it is no such JSON.

    """
    try:
        return json.loads(body, parse_float=Decimal, object_pairs_hook=_no_duplicates)
    except _DuplicateKeyError:
        message = "the answer repeats a key inside one object"
        raise UnreadableAnswerError(message) from None
    except (ValueError, RecursionError):
        message = "the answer is not valid JSON"
        raise UnreadableAnswerError(message) from None


def _parse(body: bytes, number: int) -> list[Any]:
    try:
        parsed = json.loads(
            body.decode("utf-8"),
            parse_float=_Number,
            parse_int=_Number,
            parse_constant=_Constant,
            object_pairs_hook=_no_duplicates,
        )
    except _DuplicateKeyError:
        message = f"page {number} repeats a key inside one record"
        raise UnreadableAnswerError(message) from None
    except (ValueError, RecursionError):
        message = f"page {number} is not valid JSON"
        raise UnreadableAnswerError(message) from None
    data = parsed.get("data") if isinstance(parsed, dict) else None
    if not isinstance(data, list) or (data and not any(isinstance(row, dict) for row in data)):
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


def _plain(value: JsonValue, depth: int = 0) -> JsonValue:
    """Turn written numbers back into numbers, bounded in depth."""
    if depth > MAX_DEPTH:
        message = f"nested deeper than {MAX_DEPTH} levels"
        raise _MisfitError(message)
    if isinstance(value, _Number):
        return _as_number(value)
    if isinstance(value, _Constant):
        raise _MisfitError(NO_NUMBER)
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
        # sorted, so that the same content has the same text
        found = {key: value for key, value in row.items() if key not in known}
        return received(found, sort_keys=True) if found else None
    value: Any = row
    for key in column.path:
        if value is None:
            return None
        if not isinstance(value, dict):
            message = "a value where an object belongs"
            raise _MisfitError(message)
        value = value.get(key)
    if value is None:
        return None
    return _json_text(value) if column.type == JSON else _text(value)


def standing(row: Mapping[str, Any], column: Column) -> JsonValue:
    """Return what a row has where a column's value belongs, or where an object around it does."""
    value: Any = row
    for key in column.path:
        if not isinstance(value, dict):
            break
        value = value.get(key)
    return value


def _is_sent(row: dict[str, Any], column: Column, alone: frozenset[str]) -> bool:
    """Tell whether a row has the key of a column, or no object around it at all.

    What is in an object that was named `alone` is Clio's to choose.
    """
    value: Any = row
    for key in column.path[:1] if column.path[0] in alone else column.path:
        if not isinstance(value, dict):
            break
        if key not in value:
            return False
        value = value[key]
    return True


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        message = "an object or a list where a value belongs"
        raise _MisfitError(message)
    if isinstance(value, _Number):
        return _number_text(value)
    if isinstance(value, _Constant):
        raise _MisfitError(NO_NUMBER)
    text = str(value)
    if any("\ud800" <= char <= "\udfff" for char in text):
        message = "text that is not Unicode"
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


def _kept(value: JsonValue) -> JsonValue:
    """Turn written numbers back into numbers; one that would be rounded stays as it was written."""
    if isinstance(value, _Number):
        try:
            return _as_number(value)
        except _MisfitError:
            return str(value)
    if isinstance(value, dict):
        return {key: _kept(inner) for key, inner in value.items()}
    return [_kept(inner) for inner in value] if isinstance(value, list) else value


def received(value: JsonValue, *, sort_keys: bool = False) -> str:
    """Return a row or value as JSON; half of a character is written out, as databases take none."""
    try:
        kept = _kept(value)
    except RecursionError:
        kept = {"clio-sync": "nested too deep to be kept"}
    text = json.dumps(kept, separators=(",", ":"), ensure_ascii=False, sort_keys=sort_keys)
    return _HALVES.sub(lambda half: f"\\\\u{ord(half.group()):04x}", text)


def _without(row: dict[str, Any], paths: Iterable[tuple[str, ...]]) -> dict[str, Any]:
    """Return a row without the values that some paths lead to."""
    kept = dict(row)
    for first, *inner in paths:
        value = kept.get(first)
        if not inner:
            kept.pop(first, None)
        elif isinstance(value, dict):
            kept[first] = {key: each for key, each in value.items() if key not in inner}
        elif value is not None:
            kept[first] = LEFT_OUT
    return kept


def read_leaves(
    pages: Sequence[tuple[int, bytes]],
    columns: Sequence[Column],
    known: frozenset[str] = frozenset(),
    left_out: Collection[tuple[str, ...]] = (),
    signs: Signs = NONE,
) -> Leaves:
    """Read (number, body) pages row by row; `known` are the keys that no EXTRA column keeps.

    What the paths of `left_out` lead to is not kept of any row. `signs` tell what is stripped.

    Raises:
        UnreadableAnswerError: a page is not JSON, repeats a key or holds no list of records.
    """
    leaves = Leaves({column.name: [] for column in columns})
    for number, body in pages:
        for position, sent in enumerate(_parse(body, number), start=1):
            if not isinstance(sent, dict):
                leaves.misfits.append(received(sent))
                continue
            row = _without(sent, left_out) if left_out else sent
            place = (number, position)
            leaves.rows[place] = row
            leaves.present.update(row)
            leaves.page.append(number)
            leaves.position.append(position)
            _read_row(leaves, place, columns, known, signs)
    return leaves


def _read_row(
    leaves: Leaves, place: Place, columns: Sequence[Column], known: frozenset[str], signs: Signs
) -> None:
    """Add the texts of one row, and what of it is not known."""
    row = leaves.rows[place]
    odd: dict[str, Oddity] = {}
    stripped = {top for top in row if signs.is_stripped(top, row[top])}
    for column in columns:
        top, text = column.path[0], None
        try:
            text = _leaf(row, column, known)
            if top in stripped:
                odd[column.name] = Oddity(STRIPPED)
                text = text if top in signs.arrays else None
            elif signs.narrows and not _is_sent(row, column, signs.alone):
                odd[column.name] = Oddity(NOT_SENT)
        except _MisfitError as misfit:
            odd[column.name] = Oddity(DOES_NOT_FIT, str(misfit))
        leaves.columns[column.name].append(text)
    if odd:
        leaves.odd[place] = odd
