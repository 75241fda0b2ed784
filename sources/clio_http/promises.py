"""What a list promises of its pages, checked: a key in every row, sizes, ids that only rise."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute

from sources.errors import BrokenWalkError

from .catalog import Column


def demand_keys(typed: pa.Table, key: Sequence[Column]) -> None:
    """Refuse pages with a record that has no key.

    Raises:
        BrokenWalkError: some record has none; the message names the page.

    """
    for column in key:
        missing = typed.filter(pa.compute.is_null(typed[column.name]))
        if missing.num_rows:
            message = f"page {missing['_page'][0]} holds a record without {column.name}"
            raise BrokenWalkError(message)


def demand_size(typed: pa.Table, most: int) -> None:
    """Refuse a page with more records than were asked for.

    Raises:
        BrokenWalkError: some page holds more; the message names it.

    """
    for size in pa.compute.value_counts(typed["_page"]).to_pylist():
        if size["counts"] > most:
            message = f"page {size['values']} holds more than {most} records"
            raise BrokenWalkError(message)


def demand_rising(
    typed: pa.Table, key: Column, pages: Sequence[tuple[int, bytes]], after: int
) -> int:
    """Refuse ids that do not rise above `after`, and give the greatest.

    Raises:
        BrokenWalkError: they do not.

    """
    ordered = typed.select([key.name, "_page", "_position"])
    ordered = ordered.sort_by([("_page", "ascending"), ("_position", "ascending")])
    ids = _numbers(ordered[key.name].combine_chunks())
    if ids is None or not len(ids):
        return after
    rising = pa.compute.greater(ids[1:], ids[:-1])
    if ids[0].as_py() <= after or not all_true(rising):
        message = f"ids do not rise between pages {pages[0][0]} and {pages[-1][0]}"
        raise BrokenWalkError(message)
    return int(ids[-1].as_py())


def _numbers(ids: pa.Array) -> pa.Array | None:
    """Give ids as numbers, also those that Clio writes as text; None where they are no numbers."""
    try:
        return ids.cast(pa.int64())
    except pa.ArrowInvalid:
        return None


def all_true(values: pa.ChunkedArray | pa.Array) -> bool:
    """Tell whether every value is true; of nothing it is."""
    return pa.compute.all(values, min_count=0).as_py() is True
