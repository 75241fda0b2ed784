"""Grow's contacts, leads, matters and notes; three in five are linked to Manage."""

from collections.abc import Iterator

from . import seed_words as words
from .seed_firm import day
from .seed_grow_firm import GrowFirm
from .store import Row

LINKED = frozenset({0, 1, 3})
"""Of every five records, those that are linked."""

CONTACT_STATUSES = ("Unassigned", "Intake", "Hired", "Did Not Hire", "Zurückgestellt ✓", None)
COLUMNS = (
    ("Newly Added", "intake"),
    ("Open", "hired"),
    ("Consult scheduled 📅", "intake"),
    ("Signed & paid", "hired"),
    ("Conflict of interest", "declined"),
    (None, None),
)
"""The columns of the firm's pipeline, by their own names, and what they stand for."""

ADDRESS = ("street", "city", "province", "postal_code", "country")


def _odd(number: int) -> str | None:
    return words.AWKWARD[number] if number < len(words.AWKWARD) else None


def contacts(firm: GrowFirm, count: int) -> None:
    """Add contacts of Manage in the order they have there, and between them those of Grow."""
    known = iter(list(firm.manage["contacts"].after(-1)))
    fresh = 0
    for number in range(count):
        twin = next(known, None) if number % 5 in LINKED else None
        fields = _fresh(fresh) if twin is None else _twin(twin, number)
        fresh += twin is None
        status = CONTACT_STATUSES[number % len(CONTACT_STATUSES)]
        firm.add("contacts", {**fields, "status": status})


def _twin(twin: Row, number: int) -> Row:
    """Give what a contact of Manage looks like here; every tenth one's phones are not kept."""
    phones = [each["number"] for each in twin.get("phone_numbers", ())]
    return {
        "clio_id": twin["id"],
        "name": twin["name"],
        "first_name": twin.get("first_name"),
        "last_name": twin.get("last_name"),
        "type": twin["type"],
        "emails": [each["address"] for each in twin.get("email_addresses", ())],
        "phone_numbers": [] if number % 10 == 3 else phones,
        "addresses": [
            {name: each.get(name) for name in ADDRESS} for each in twin.get("addresses", ())
        ],
    }


def _fresh(number: int) -> Row:
    """Give a contact that Manage does not know; every fourth is a company."""
    first, last = words.person(200 + number)
    mails = [f"intake{number}@example.com", f"Other.{number}@EXAMPLE.com"]
    row: Row = {"type": "Person", "emails": mails[: number % 3], "phone_numbers": []}
    if number % 3:
        row["phone_numbers"] = ["", f"+1 555 01{number % 100:02}", "ask for Rowan"][number % 2 :]
        row["addresses"] = [{"street": words.STREETS[number % 5], "city": None, "country": "DE"}]
    if number % 4 == 3:
        return {**row, "type": "Company", "name": _odd(number) or words.company(number)}
    odd = _odd(number)
    first = first if odd is None else odd
    return {**row, "first_name": first, "last_name": last, "name": f"{first} {last}".strip()}


STATES = ("untriaged", "untriaged", "ignored", "accepted", "ignored")


def leads(firm: GrowFirm, count: int) -> None:
    """Add leads in every state; one in four was submitted by this application."""
    for number in range(count):
        first, last = words.person(300 + number)
        state = STATES[number % len(STATES)]
        firm.add(
            "inbox_leads",
            {
                "first_name": _odd(number) or (first if number % 7 else None),
                "last_name": last if number % 6 else None,
                "email": f"lead{number}@example.com" if number % 5 else None,
                "phone_number": f"+1 555 01{number % 100:02}" if number % 3 else None,
                "state": state,
                "marketing_source": _any(firm, "sources", number) if number % 2 else None,
                "matter_type": _any(firm, "matter_types", number) if number % 3 else None,
                "matter_location": _any(firm, "locations", number) if number % 4 else None,
                "_submitted": number % 4 == 0,
            },
        )


def _any(firm: GrowFirm, collection: str, number: int) -> int:
    rows = firm.made[collection]
    key: int = rows[number % len(rows)]["id"]
    return key


def matters(firm: GrowFirm, count: int) -> None:
    """Add the matters of Manage whose client is here too, and between them those of Grow."""
    here = {row["clio_id"]: row["id"] for row in firm.made["contacts"] if "clio_id" in row}
    twins = iter([row for row in firm.manage["matters"].after(-1) if row.get("client") in here])
    accepted = iter([row for row in firm.made["inbox_leads"] if row["state"] == "accepted"])
    for number in range(count):
        twin = next(twins, None) if number % 5 in LINKED else None
        lead = next(accepted, None) if number % 4 == 1 else None
        client = _any(firm, "contacts", number * 3) if twin is None else here[twin["client"]]
        link = {} if twin is None else {"clio_id": twin["id"], "description": twin["description"]}
        _matter(firm, number, {"client": client, "inbox_lead_id": lead and lead["id"], **link})
    _settle(accepted)


def _settle(accepted: Iterator[Row]) -> None:
    """Leave no accepted lead without a matter."""
    for lead in accepted:
        lead["state"] = "ignored"


def _matter(firm: GrowFirm, number: int, fields: Row) -> None:
    column, category = COLUMNS[number % len(COLUMNS)]
    affair = _odd(number) or words.AFFAIRS[number % len(words.AFFAIRS)]
    people = firm.made["users"]
    row: Row = {
        "description": affair,
        "type": firm.made["matter_types"][number % 5]["name"] if number % 7 else None,
        "location": firm.made["locations"][number % 4]["name"] if number % 4 else None,
        "status": column,
        "status_category": category,
        "hired_date": day(number % 300 + 1) if category == "hired" else None,
        "is_locked": number % 9 == 3,
        "matter_assignee_ids": [user["id"] for user in people[: number % 3]],
        **fields,
    }
    row["description"] = row["description"][:255]
    firm.add("matters", row)


def notes(firm: GrowFirm, count: int) -> None:
    """Share notes out among contacts and matters, of which every fifth has none."""
    parents = [
        (f"{collection.removesuffix('s')}_notes", row)
        for collection in ("contacts", "matters")
        for row in firm.made[collection]
    ]
    chosen = [parent for number, parent in enumerate(parents) if number % 5 != 4]
    for number in range(count):
        collection, parent = chosen[number % len(chosen)]
        body = words.AWKWARD[number % 40] if number % 40 < len(words.AWKWARD) else f"Note {number}"
        subject = words.WORK[number % len(words.WORK)] if number % 8 else f"Señal № {number}"
        firm.add(collection, {"subject": subject, "body": body, "_parent": parent["id"]})
