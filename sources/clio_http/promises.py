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


def demand_order(
    rows: pa.Table, key: Sequence[str], rises: str, after: int, *, whole: bool = False
) -> int:
    """Check the rows of some pages of one list, and return the greatest id read so far.

    A list that fits on one page (`whole`) needs no order: nothing can be lost between pages.

    Args:
        rows: typed rows with `_page` and `_position`.
        key: the columns that tell one row from another.
        rises: the column that only rises, as the product promises; empty if it promises nothing.
        after: the greatest id of the pages before these.
        whole: these are all rows of the list.

    Raises:
        BrokenWalkError: ids do not rise, or one page holds a key twice.
    """
    own = tuple(key) == (rises,)
    ids = _ids(rows, rises) if rises else None
    if ids is None or not len(ids):
        _check_repeats(rows, key, strict=own)
        return after
    rising = _rises(ids, after, own=own)
    if not rising and not whole:
        pages = pa.compute.unique(rows["_page"]).to_pylist()
        message = f"ids do not rise between pages {min(pages)} and {max(pages)}"
        raise BrokenWalkError(message)
    if not (rising and own):
        _check_repeats(rows, key, strict=own)
    return max(after, int(pa.compute.max(ids).as_py()))


def _ids(rows: pa.Table, name: str) -> pa.Array | None:
    """Return the ids in the order of their rows; None where they are no numbers."""
    ordered = rows.select([name, "_page", "_position"])
    ordered = ordered.sort_by([("_page", "ascending"), ("_position", "ascending")])
    try:
        # Clio writes some ids as text
        return ordered[name].combine_chunks().cast(pa.int64()).drop_null()
    except pa.ArrowInvalid:
        return None


def _rises(ids: pa.Array, after: int, *, own: bool) -> bool:
    """Tell whether ids rise; those of another record may stand in several rows."""
    if own:
        return bool(ids[0].as_py() > after and all_true(pa.compute.greater(ids[1:], ids[:-1])))
    return bool(ids[0].as_py() >= after and all_true(pa.compute.greater_equal(ids[1:], ids[:-1])))


def _check_repeats(rows: pa.Table, key: Sequence[str], *, strict: bool) -> None:
    """Refuse a page that holds a key twice; not `strict`, the same row may come again."""
    names = ["_page", *key]
    keys = rows.group_by(names).aggregate([([], "count_all")])
    twice = keys.filter(pa.compute.greater(keys["count_all"], 1))
    if not twice.num_rows:
        return
    content = ["_page", *(name for name in rows.column_names if not name.startswith("_"))]
    different = rows.select(content).group_by(content).aggregate([])
    if strict or different.num_rows > keys.num_rows:
        message = f"page {twice['_page'][0]} holds a record twice"
        raise BrokenWalkError(message)


def all_true(values: pa.ChunkedArray | pa.Array) -> bool:
    """Tell whether every value is true; of nothing it is."""
    return pa.compute.all(values, min_count=0).as_py() is True
