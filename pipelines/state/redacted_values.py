"""Values that Clio hides from a token: their null is unknown, so what is stored stays."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

import pyarrow as pa

from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection, Column, Redaction

NONE_HIDDEN = "[]"


def hides(batch: pa.Table, redaction: Redaction | None) -> bool:
    """Tell whether any row of a batch may hold a hidden value."""
    if redaction is None:
        return False
    nulls = (batch.column(name) for name in redaction.when_null if name in batch.column_names)
    if any(column.null_count for column in nulls):
        return True
    if redaction.flag in batch.column_names:
        return pa.compute.any(batch.column(redaction.flag)).as_py() is True
    if redaction.listed_in not in batch.column_names:
        return False
    marks = batch.column(redaction.listed_in).drop_null()
    return pa.compute.any(pa.compute.not_equal(marks, NONE_HIDDEN)).as_py() is True


def redacted(collection: Collection, given: AbstractSet[str]) -> dict[str, str]:
    """Return each column that may be hidden, and the SQL that says if a row of `b` hides it."""
    redaction = collection.redaction
    if redaction is None:
        return {}
    listed = "false"
    if redaction.listed_in in given:
        mark = f"b.{quoted(redaction.listed_in)}"
        listed = f"""list_contains(from_json({mark}, '["VARCHAR"]'), '{{field}}')"""
    found = {}
    for column in _hideable(collection, redaction):
        if column.name not in given:
            continue
        field = column.path[0]
        hidden = "true" if field in redaction.when_null else listed.replace("{field}", field)
        if field in redaction.flagged and redaction.flag in given:
            hidden = f"b.{quoted(redaction.flag)}"
        found[column.name] = f"b.{quoted(column.name)} is null and coalesce({hidden}, false)"
    return found


def _hideable(collection: Collection, redaction: Redaction) -> Iterator[Column]:
    for column in collection.columns:
        if column.path and column.name not in {*collection.key, redaction.listed_in}:
            yield column
