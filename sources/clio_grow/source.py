"""Clio Grow as a dlt source: one resource for each collection, merged by key."""

from collections.abc import Callable, Iterable, Sequence

import dlt
from dlt.sources import DltResource

from sources.clio_http.walks import Walk
from sources.resource import collection_resource


@dlt.source(name="clio_grow", max_table_nesting=0)
def clio_grow(
    walks: Sequence[Walk],
    is_full: Callable[[], bool] = lambda: False,
) -> Iterable[DltResource]:
    """Load collections of Clio Grow.

    Args:
        walks: one walk for each collection, not begun or put down earlier.
        is_full: asked after each reading; True ends the package, and the walk can go on later.

    Returns:
        One resource for each walk. A resource yields `Reading`s; the loader attaches the step
        that turns them into Arrow tables.

    """
    return [collection_resource(walk, is_full) for walk in walks]
