"""The firm's intake, linked to its records in Manage: the same seed and sizes, the same bytes.

Ids meet neither each other's nor Manage's, so that a join by the wrong id finds nothing.
"""

from typing import Any

from .grow_records import ME, SHAPES, table
from .seed import AFFAIRS, AWKWARD, DATA, STREETS, WORK, Made, Seed, company, day, person
from .store import Row, Store
from .values import ulid

GROW: dict[str, Any] = DATA["grow"]
ACCOUNT: Row = {"id": 77_001, "firm_name": "Example Law Firm"}
OFFERED = 1_700_000_000_000
"""When the options of picklists were made."""

LONG = "A long answer on a form. " * 200
LINKED = frozenset({0, 1, 3})
"""Of every five records, those that are linked to Manage."""

ADDRESS = ("street", "city", "province", "postal_code", "country")


class GrowFirm(Made):
    """What the parts of Grow's seed share; `manage` holds the records that they are linked to."""

    oldest = 500
    words = GROW

    def __init__(self, manage: Store, seed: int) -> None:
        """Begin with nothing made; the chance is not the one that Manage's records come from."""
        super().__init__(f"grow {seed}", GROW["first_ids"], 960_000_000)
        self.manage = manage

    def add(self, collection: str, fields: Row, ago: int | None = None) -> Row:
        """Add a record, with the next id and stamps; what is None stays out of its row."""
        row = super().add(collection, fields, ago)
        for name in [name for name, value in row.items() if value is None]:
            del row[name]
        return row


def build(seed: Seed, manage: Store) -> Store:
    """Build Grow's records: lists of choices, people and their affairs, notes."""
    firm = GrowFirm(manage, seed.seed)
    _users(firm)
    for collection, count in (("sources", 5), ("matter_types", 5), ("locations", 4)):
        for _ in range(count):
            firm.add(collection, {})
    for _ in range(3):
        firm.add("custom_actions", {})
    _custom_fields(firm)
    _contacts(firm, seed.size("grow_contacts", 50))
    _leads(firm, seed.size("grow_leads", 30))
    _matters(firm, seed.size("grow_matters", 40))
    for collection in ("contacts", "matters"):
        _values(firm, collection)
    _notes(firm, seed.size("grow_notes", 120))
    store = Store([table(name) for name in SHAPES if name != ME])
    for name, rows in firm.made.items():
        store[table(name)].load(rows)
    return store


def _users(firm: GrowFirm) -> None:
    """Add who is in Manage too, told by the e-mail alone, and one who works with Grow only."""
    members = [row for row in firm.manage["users"].after(-1) if not row.get("_co_counsel")]
    for number, member in enumerate(members):
        # People write the same address in more than one way.
        mail = member["email"].title() if number == 2 else member["email"]
        row = {name: member.get(name) for name in ("first_name", "last_name")}
        firm.add("users", {**row, "email": mail, "account": ACCOUNT}, ago=600)
    alone = {"first_name": "Intake", "email": "intake@firm.example.com"}
    firm.add("users", {**alone, "account": ACCOUNT}, ago=600)


def _custom_fields(firm: GrowFirm) -> None:
    """Add a field of every type for contacts and for matters, and a deleted one of each.

    Most are synced with the first one of the same type in Manage.
    """
    known = list(firm.manage["custom_fields"].after(-1))
    for parent in ("Contact", "Matter"):
        for number, kind in enumerate([*GROW["field_types"], "text_line"]):
            deleted = number == len(GROW["field_types"])
            same = [r for r in known if (r["parent_type"], r["field_type"]) == (parent, kind)]
            linked = next(iter(same), None) if number % 5 and not deleted else None
            row: Row = {
                "clio_id": linked and linked["id"],
                "name": linked["name"] if linked else f"Intake {kind.replace('_', ' ')} ✓",
                "field_type": kind,
                "parent_type": parent,
                "displayed": number % 4 != 0 and not deleted,
                "deleted": deleted,
            }
            if kind == "picklist":
                row["picklist_options"] = _options(parent, linked)
            firm.add("custom_fields", row, ago=550)


def _options(parent: str, linked: Row | None) -> list[Row]:
    """Return the options of Manage's field and one of Grow's own; either id may be missing."""
    options: list[Row] = []
    for number, option in enumerate(linked["picklist_options"] if linked else ()):
        mark = ulid(OFFERED, parent, number) if number % 3 else None
        options.append({"global_id": mark, "clio_id": option["id"], "option": option["option"]})
    own = {"global_id": ulid(OFFERED, parent), "clio_id": None, "option": "Später ✓"}
    return [*options, own]


def _odd(number: int) -> str | None:
    return AWKWARD[number] if number < len(AWKWARD) else None


def _contacts(firm: GrowFirm, count: int) -> None:
    """Add contacts of Manage in the order they have there, and between them those of Grow."""
    known = iter(list(firm.manage["contacts"].after(-1)))
    fresh = 0
    for number in range(count):
        twin = next(known, None) if number % 5 in LINKED else None
        fields = _fresh(fresh) if twin is None else _twin(twin, number)
        fresh += twin is None
        firm.add("contacts", fields)


def _twin(twin: Row, number: int) -> Row:
    """Return what a contact of Manage looks like here; every tenth one's phones are not kept."""
    phones = [each["number"] for each in twin.get("phone_numbers", ())]
    addresses = twin.get("addresses", ())
    return {
        "clio_id": twin["id"],
        **{name: twin.get(name) for name in ("name", "first_name", "last_name", "type")},
        "emails": [each["address"] for each in twin.get("email_addresses", ())],
        "phone_numbers": [] if number % 10 == 3 else phones,
        "addresses": [{name: each.get(name) for name in ADDRESS} for each in addresses],
    }


def _fresh(number: int) -> Row:
    """Return a contact that Manage does not know; every fourth is a company."""
    first, last = person(200 + number)
    mails = [f"intake{number}@example.com", f"Other.{number}@EXAMPLE.com"]
    row: Row = {"type": "Person", "emails": mails[: number % 3], "phone_numbers": []}
    if number % 3:
        row["phone_numbers"] = ["", f"+1 555 01{number % 100:02}", "ask for Rowan"][number % 2 :]
        row["addresses"] = [{"street": STREETS[number % 5], "city": None, "country": "DE"}]
    if number % 4 == 3:
        return {**row, "type": "Company", "name": _odd(number) or company(number)}
    odd = _odd(number)
    first = first if odd is None else odd
    return {**row, "first_name": first, "last_name": last, "name": f"{first} {last}".strip()}


def _leads(firm: GrowFirm, count: int) -> None:
    """Add leads in every state; one in four was submitted by this application."""
    for number in range(count):
        first, last = person(300 + number)
        row: Row = {
            "first_name": _odd(number) or (first if number % 7 else None),
            "last_name": last if number % 6 else None,
            "email": f"lead{number}@example.com" if number % 5 else None,
            "phone_number": f"+1 555 01{number % 100:02}" if number % 3 else None,
            "marketing_source": firm.turn("sources", number)["id"] if number % 2 else None,
            "matter_type": firm.turn("matter_types", number)["id"] if number % 3 else None,
            "matter_location": firm.turn("locations", number)["id"] if number % 4 else None,
        }
        firm.add("inbox_leads", row)


def _matters(firm: GrowFirm, count: int) -> None:
    """Add the matters of Manage whose client is here too, and between them those of Grow.

    No accepted lead is left without a matter.
    """
    here = {row["clio_id"]: row["id"] for row in firm.made["contacts"] if "clio_id" in row}
    twins = iter([row for row in firm.manage["matters"].after(-1) if row.get("client") in here])
    accepted = iter([row for row in firm.made["inbox_leads"] if row["state"] == "accepted"])
    for number in range(count):
        twin = next(twins, None) if number % 5 in LINKED else None
        lead = next(accepted, None) if number % 4 == 1 else None
        client = firm.turn("contacts", number * 3)["id"] if twin is None else here[twin["client"]]
        link = {} if twin is None else {"clio_id": twin["id"], "description": twin["description"]}
        _matter(firm, number, {"client": client, "inbox_lead_id": lead and lead["id"], **link})
    for lead in accepted:
        lead["state"] = "ignored"


def _matter(firm: GrowFirm, number: int, fields: Row) -> None:
    column, category = GROW["columns"][number % len(GROW["columns"])]
    people, types, places = (firm.made[n] for n in ("users", "matter_types", "locations"))
    row: Row = {
        "description": _odd(number) or AFFAIRS[number % len(AFFAIRS)],
        "type": types[number % 5]["name"] if number % 7 else None,
        "location": places[number % 4]["name"] if number % 4 else None,
        "status": column,
        "status_category": category,
        "hired_date": day(number % 300 + 1) if category == "hired" else None,
        "is_locked": number % 9 == 3,
        "matter_assignee_ids": [user["id"] for user in people[: number % 3]],
        **fields,
    }
    firm.add("matters", {**row, "description": row["description"][:255]})


def _values(firm: GrowFirm, collection: str) -> None:
    """Add values of every type of field to some records, of some to others, and of none."""
    parent = collection.removesuffix("s").capitalize()
    fields = [row for row in firm.made["custom_fields"] if row["parent_type"] == parent]
    for number, record in enumerate(firm.made[collection]):
        chosen = fields if number % 3 == 0 else fields[: number % len(fields)]
        linked = firm.manage[collection].get(record.get("clio_id", 0)) or {}
        known = {each["custom_field"]: each["id"] for each in linked.get("custom_field_values", ())}
        record["custom_field_values"] = [
            {
                "id": firm.inner_id(),
                "global_id": ulid(record["created_at"], record["id"], field["id"]),
                "clio_id": known.get(field.get("clio_id", 0)),
                "field_name": field["name"],
                "field_type": field["field_type"],
                "custom_field": field["id"],
                "created_at": record["created_at"],
                "updated_at": record["updated_at"],
                **_content(field, number),
            }
            for field in chosen
        ]


def _content(field: Row, number: int) -> Row:
    """Return a value as it is read and as it is stored; null where reading failed."""
    kind = field["field_type"]
    if kind == "picklist":
        option = field["picklist_options"][number % len(field["picklist_options"])]
        return {"value": option["option"], "raw_value": option["option"], "picklist_option": option}
    answers = [*GROW["answers"][kind], *([(LONG, LONG)] if kind == "text_area" else ())]
    read, stored = answers[number // 3 % len(answers)]
    return {"value": read, "raw_value": stored, "picklist_option": None}


def _notes(firm: GrowFirm, count: int) -> None:
    """Share notes out among contacts and matters, of which every fifth has none."""
    parents = [
        (f"{collection.removesuffix('s')}_notes", row)
        for collection in ("contacts", "matters")
        for row in firm.made[collection]
    ]
    chosen = [parent for number, parent in enumerate(parents) if number % 5 != 4]
    for number in range(count):
        collection, parent = chosen[number % len(chosen)]
        odd = _odd(number % 40)
        body = f"Note {number}" if odd is None else odd
        subject = WORK[number % len(WORK)] if number % 8 else f"Señal № {number}"
        firm.add(collection, {"subject": subject, "body": body, "_parent": parent["id"]})
