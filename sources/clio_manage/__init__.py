"""Clio Manage as a dlt source: one resource for each collection, merged by key."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import dlt
from dlt.sources import DltResource

from sources.clio_http.catalog import Collection
from sources.clio_http.walks import Reading, Walk

DLT_TYPES = {
    "BIGINT": "bigint",
    "BOOLEAN": "bool",
    "DATE": "date",
    "DECIMAL": "decimal",
    "DOUBLE": "double",
    "JSON": "json",
    "TIMESTAMPTZ": "timestamp",
    "VARCHAR": "text",
}


def column_hints(collection: Collection) -> dict[str, Any]:
    """Give dlt the type of every column, so that nothing is inferred."""
    kinds = {column.name: column.type for column in collection.columns}
    kinds |= {"_row_hash": "VARCHAR", "_synced_at": "TIMESTAMPTZ"}
    hints = {}
    for name, kind in kinds.items():
        hints[name] = {"name": name, "data_type": DLT_TYPES[kind], "nullable": True}
        if kind == "DECIMAL":
            hints[name] |= {"precision": 38, "scale": 18}
    return hints


def collection_resource(walk: Walk, is_full: Callable[[], bool]) -> DltResource:
    """Make the dlt resource of one walk: it yields readings until the package is full."""
    collection = walk.plan.collection

    def read() -> Iterator[Reading]:
        for reading in walk.readings():
            yield reading
            if is_full():
                return

    return dlt.resource(
        read,
        name=collection.name,
        primary_key=list(collection.key),
        columns=column_hints(collection),
        write_disposition={"disposition": "merge", "strategy": "upsert"},
        parallelized=True,
    )


@dlt.source(name="clio_manage", max_table_nesting=0)
def clio_manage(
    walks: Sequence[Walk],
    is_full: Callable[[], bool] = lambda: False,
) -> Iterable[DltResource]:
    """Load collections of Clio Manage.

    Args:
        walks: one walk for each collection, not begun or put down earlier.
        is_full: asked after each reading; True ends the package, and the walk can go on later.

    Returns:
        One resource for each walk. A resource yields `Reading`s; the loader attaches the step
        that turns them into Arrow tables.

    """
    return [collection_resource(walk, is_full) for walk in walks]
