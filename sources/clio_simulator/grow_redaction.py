"""Which values are hidden, for want of a scope or by a switch."""

from .grow_tables import ALL_LEADS, CUSTOM_FIELDS, table
from .store import Row, Store
from .switches import Switches


def own_lead(row: Row | None) -> bool:
    """Tell whether a lead was submitted by the calling application."""
    return row is not None and bool(row.get("_submitted"))


def hidden(collection: str, row: Row, store: Store, switches: Switches) -> list[str]:
    """Name the fields of a record whose values are hidden."""
    missing, names = switches.grow_missing_scopes, set(row.get("_redacted", ()))
    if CUSTOM_FIELDS in missing:
        names.add("custom_field_values")
    if ALL_LEADS in missing and "inbox_lead_id" in row:
        lead = store[table("inbox_leads")].get(row["inbox_lead_id"])
        names |= set() if own_lead(lead) else {"inbox_lead_id"}
    whole = f"{collection}."
    names |= {name.removeprefix(whole) for name in switches.grow_redacted if name.startswith(whole)}
    return sorted(names)
