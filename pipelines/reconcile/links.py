"""Where a person finds a record in Clio."""

from urllib.parse import quote

PAGES = {"bills": "bills", "contacts": "contacts", "matters": "matters"}
"""Collection → its page in Clio's web application; for others the API's address is given."""


def link(host: str, resource: str, record_id: str) -> str:
    """Return the address of a record, with everything in it escaped; empty where there is none."""
    if not resource or not record_id:
        return ""
    key = quote(record_id, safe="")
    if resource in PAGES:
        return f"{host}/nc/#/{PAGES[resource]}/{key}"
    return f"{host}/api/v4/{quote(resource, safe='')}/{key}.json"
