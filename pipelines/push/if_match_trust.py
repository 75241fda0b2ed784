"""Whether Clio keeps to If-Match, collection by collection, as the ledger has it for one host.

What was seen last counts. A collection of which nothing was seen is neither True nor False.
"""

from collections.abc import Iterable

from pipelines.edits.allowed import SOURCE
from pipelines.ledger.errors import UnguardedError
from pipelines.ledger.ledger import Entry
from pipelines.plan.session import Session

PROBED, GUARDED, UNGUARDED = "resource_probed", "resource_guarded", "resource_unguarded"

KNOWN = """
select body ->> '$.resource', kind from events
where kind in ('resource_guarded', 'resource_unguarded') and body ->> '$.host' = ?
order by seq
"""


def known(at: Session) -> dict[str, bool]:
    """Return which collections were seen to be guarded (True), and which not to be (False)."""
    return {name: kind == GUARDED for name, kind in at.ledger.rows(KNOWN, [at.host])}


def entry(at: Session, kind: str, resource: str, record_id: str, evidence: str = "") -> Entry:
    """Make the event of what was asked or seen, at which record."""
    about = {"resource": resource, "record_id": record_id, "host": at.host, "source": SOURCE}
    return Entry(kind, {**about, "evidence": evidence} if evidence else about)


def demand(at: Session, resources: Iterable[str]) -> None:
    """Refuse collections that are known as unguarded, or that only a gateway knows.

    Raises:
        UnguardedError: one of them is.

    """
    found = known(at)
    for resource in sorted(set(resources)):
        if found.get(resource) is False:
            message = f"Clio was seen not to keep to If-Match for {resource}"
            raise UnguardedError(message)
        if at.client.settings.gateway and not found.get(resource):
            message = f"nobody knows whether the gateway passes If-Match on for {resource}"
            raise UnguardedError(message)
