"""What Clio announced in the headers of its answers, each kept once in `meta.drift`."""

import re
from collections.abc import Iterable

import pendulum

from pipelines.warehouse import Warehouse
from sources.clio_http.catalog import Catalog
from sources.clio_http.statuses import DEPRECATED, Notice


def keep_new(  # noqa: PLR0913 - each is a fact of its own
    warehouse: Warehouse,
    catalog: Catalog,
    notices: Iterable[Notice],
    *,
    run_id: str,
    asked: str,
    at: pendulum.DateTime,
) -> list[str]:
    """Keep the announcements that are new, and return a sentence about each of them."""
    told = []
    for notice in notices:
        resource = _resource(catalog, notice.path)
        name = [catalog.source, resource, notice.text, notice.kind]
        if warehouse.rows(
            "select 1 from meta.drift where source = $1 and resource = $2 and field = $3"
            " and kind = $4",
            name,
        ):
            continue
        warehouse.rows(
            "insert into meta.drift values ($1, $2, $3, $4, $5, $6)", [*name, at, run_id]
        )
        told.append(_sentence(notice, resource or notice.path, asked))
    return told


def _resource(catalog: Catalog, path: str) -> str:
    """Name the collection that is read at a path template; empty where it is none."""
    for name, collection in {**catalog.collections, **catalog.singletons}.items():
        for known in (collection.path, collection.item_path):
            if known and re.sub(r"\{\w+\}", "{id}", f"/{known}") == path:
                return name
    return ""


def _sentence(notice: Notice, what: str, asked: str) -> str:
    if notice.kind == DEPRECATED:
        return f"Clio announces that {what} {notice.text}; a newer clio-sync may be needed by then"
    return f"Clio answers as version {notice.text} of its API, though {asked} is asked for"
