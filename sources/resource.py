"""One collection as a dlt resource, whatever product it belongs to: merged by key."""

from collections.abc import Callable, Iterator
from typing import Any

import dlt
from dlt.sources import DltResource

from sources.clio_http.catalog import WRITTEN_AS_JSON, Collection
from sources.clio_http.plan import Reading
from sources.clio_http.walks import Walk


def column_hints(collection: Collection) -> dict[str, Any]:
    """Tell dlt what Arrow's types do not: which text columns hold JSON."""
    return {
        column.name: {"name": column.name, "data_type": "json", "nullable": True}
        for column in collection.columns
        if column.type in WRITTEN_AS_JSON
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
