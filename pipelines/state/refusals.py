"""What Clio refused to be asked for or with, so that the next run does not ask for it again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipelines.warehouse import Warehouse

FIELD, PARAMETER = "refused", "refused_parameter"
Refusals = Mapping[tuple[str, str], frozenset[str]]
"""Names by collection and by the catalogue entry that asked."""


@dataclass(frozen=True)
class RefusedRequest:
    """A field, or with the other status a parameter, and the catalogue entry that asked for it."""

    source: str
    resource: str
    field: str
    catalog_hash: str
    status: str = FIELD


def refused(warehouse: Warehouse, source: str, status: str = FIELD) -> Refusals:
    """Return the fields or parameters that Clio refused."""
    found = warehouse.rows(
        "select resource, catalog_hash, list(field) from meta.fields"
        " where source = $1 and status = $2 group by all",
        [source, status],
    )
    return {(resource, digest): frozenset(fields) for resource, digest, fields in found}


def accept(warehouse: Warehouse, source: str, resource: str, still: Iterable[str]) -> None:
    """Forget what Clio refused of a collection once, all but what it refuses now."""
    warehouse.rows(
        "delete from meta.fields where source = $1 and resource = $2"
        " and list_contains($3, status) and not list_contains($4::varchar[], field)",
        [source, resource, [FIELD, PARAMETER], list(still)],
    )
