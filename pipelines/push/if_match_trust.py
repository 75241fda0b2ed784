"""Whether Clio keeps to If-Match, collection by collection, as the ledger has it.

What was seen last counts, for one host, account and version of the API, and 30 days long. A
collection of which nothing was seen is neither True nor False.
"""

from collections.abc import Iterable

from pipelines.edits.allowed import SOURCE
from pipelines.ledger.errors import UnguardedError
from pipelines.ledger.ledger import Entry
from pipelines.plan.plan_file import stamp
from pipelines.plan.session import Session
from sources.clio_manage.settings import API_VERSION

PROBED, GUARDED, UNGUARDED = "resource_probed", "resource_guarded", "resource_unguarded"
DAYS = 30
"""So long it is taken for known that a collection is guarded."""

KNOWN = """
select body ->> '$.resource', kind, at, body ->> '$.account', body ->> '$.api_version' from events
where kind in ('resource_guarded', 'resource_unguarded') and body ->> '$.host' = ?
order by seq
"""


def known(at: Session) -> dict[str, bool]:
    """Return which collections were seen to be guarded (True), and which not to be (False)."""
    oldest = stamp(at.run.clock.now().subtract(days=DAYS))
    found: dict[str, bool] = {}
    for name, kind, moment, account, version in at.ledger.rows(KNOWN, [at.host]):
        found.pop(name, None)
        is_ours = moment > oldest and (account, version) == (at.account, API_VERSION)
        if kind == UNGUARDED or is_ours:
            found[name] = kind == GUARDED
    return found


def entry(at: Session, kind: str, resource: str, record_id: str, evidence: str = "") -> Entry:
    """Make the event of what was asked or seen, at which record."""
    about = {
        "resource": resource,
        "record_id": record_id,
        "host": at.host,
        "source": SOURCE,
        "account": at.account,
        "api_version": API_VERSION,
    }
    return Entry(kind, {**about, "evidence": evidence} if evidence else about)


def demand(at: Session, resources: Iterable[str]) -> None:
    """Refuse collections that are known as unguarded.

    Raises:
        UnguardedError: one of them is.

    """
    found = known(at)
    for resource in sorted(set(resources)):
        if found.get(resource) is False:
            message = f"Clio was seen not to keep to If-Match for {resource}"
            raise UnguardedError(message)
