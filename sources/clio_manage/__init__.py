"""Clio Manage as a dlt source: one resource for each collection, merged by key."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import dlt
from dlt.sources import DltResource

from sources.clio_http.catalog import JSON, Collection
from sources.clio_http.plan import Reading
from sources.clio_http.walks import Walk


def column_hints(collection: Collection) -> dict[str, Any]:
    """Tell dlt what Arrow's types do not: which text columns hold JSON."""
    return {
        column.name: {"name": column.name, "data_type": "json", "nullable": True}
        for column in collection.columns
        if column.type == JSON
    }


def collection_resource(walk: Walk, is_full: Callable[[], bool]) -> DltResource:
    """Make the dlt resource of one walk: it yields readings until the package is full."""
    collection = walk.plan.collection

    def read() -> Iterator[Reading]:
        for reading in walk.readings():
            yield reading
            if is_full() or walk.error is not None:
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
