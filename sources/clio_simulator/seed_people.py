"""Users, groups, contacts and matters, with their custom field values."""

from typing import Any

from . import seed_words as words
from .seed_firm import Firm, day
from .store import Row
from .views import money


def users(firm: Firm, count: int) -> None:
    """Add users: the first owns the account, the last is a co-counsel, the one before disabled."""
    account = firm.inner(id=1, name="Example Law Firm", state="active")
    titles = [
        firm.inner(name=name, initials=name[0]) for name in ("Partner", "Associate", "Paralegal")
    ]
    for number in range(count):
        first, last = words.person(number * 5)
        attorney = number % 3 != 2
        firm.add(
            "users",
            {
                "account_owner": number == 0,
                "clio_connect": False,
                "court_rules_default_attendee": False,
                "default_calendar_id": number + 1,
                "email": f"{first}.{last}@firm.example.com".lower(),
                "enabled": number != count - 2,
                "first_name": first,
                "last_name": last,
                "initials": first[0] + last[0],
                "name": f"{first} {last}",
                "rate": money(100 * (200 + 10 * (number % 12))),
                "roles": ["Admin", "Billing"] if number == 0 else [],
                "subscription_type": "Attorney" if attorney else "NonAttorney",
                "time_zone": "America/Los_Angeles",
                "account": account,
                "job_title": titles[number % 3],
                "notification_methods": [
                    firm.inner(type="Email", email_address=f"u{number}@example.com")
                ],
                "groups": [],
                "_co_counsel": number == count - 1,
            },
            ago=700,
        )


def groups(firm: Firm) -> None:
    """Add groups; one of them is archived."""
    everyone = [row["id"] for row in firm.made["users"]]
    kinds = ("AccountGroup", "UserGroup", "AdhocGroup")
    for number, name in enumerate(("Everyone", "Real estate team", "Archived team")):
        row = {"name": name, "type": kinds[number], "client_connect_user": False}
        row |= {"users": everyone[number:], "_archived": number == len(kinds) - 1}
        firm.add("groups", row)
    for user in firm.made["users"]:
        user["groups"] = [g["id"] for g in firm.made["groups"] if user["id"] in g["users"]]


def _address(firm: Firm, number: int) -> Row:
    city, province, code = words.CITIES[number % len(words.CITIES)]
    street = f"{number % 190 + 1} {words.STREETS[number % len(words.STREETS)]}"
    where = {"street": street, "city": city, "province": province, "postal_code": code}
    return firm.inner(
        name=("Work", "Home", "Billing", "Other")[number % 4], country="US", primary=True, **where
    )


def _reachable(firm: Firm, number: int) -> Row:
    """Give addresses of every sort; every seventh contact has none."""
    if number % 7 == 6:
        return {}
    address = _address(firm, number)
    mails = [firm.inner(address=f"contact{number}@example.com", name="Work", primary=True)]
    phones = [firm.inner(number=f"+1 555 01{number % 100:02}", name="Work", primary=True)]
    if number % 3 == 0:
        mails.append(firm.inner(address=f"other{number}@example.com", name="Other", primary=False))
        phones.append(firm.inner(number="", name="Other", primary=False))
    return {
        "addresses": [address],
        "primary_address": address,
        "email_addresses": mails,
        "phone_numbers": phones,
        "primary_email_address": mails[0]["address"],
        "primary_phone_number": phones[0]["number"],
        "web_sites": [
            firm.inner(address="https://example.com", name="Work", default_web_site=True)
        ],
        "instant_messengers": [firm.inner(address="@example", name="Work")]
        if number % 9 == 0
        else [],
    }


def _name(number: int) -> Row:
    odd = words.AWKWARD[number - 5] if 5 <= number < 5 + len(words.AWKWARD) else None
    if number % 4 == 0:
        return {"type": "Company", "name": words.company(number) if odd is None else odd}
    first, last = words.person(number)
    first = first if odd is None else odd
    name = {"first_name": first, "last_name": last, "name": f"{first} {last}".strip()}
    return {"type": "Person", **name, "initials": (first[:1] or "") + last[:1]}


def contacts(firm: Firm, count: int) -> None:
    """Add contacts: every fourth a company, some persons working for it."""
    companies: list[int] = []
    for number in range(count):
        row = {
            **_name(number),
            **_reachable(firm, number),
            "is_client": number % 5 != 4,
            "is_co_counsel": False,
            "is_bill_recipient": number % 5 == 0,
            "is_clio_for_client_user": False,
            "has_clio_for_clients_permission": False,
            "locked_clio_connect_email": False,
            "currency": 1,
        }
        if row["type"] == "Company":
            row["sales_tax_number"] = f"TAX-{number:05}"
            companies.append(firm.next_id("contacts"))
        else:
            row["date_of_birth"] = "1899-12-31" if number == 3 else day(9_000 + number % 900)
            if companies and number % 3 == 0:
                row |= {"company": companies[-1], "title": "Director"}
        firm.add("contacts", row)


def matters(firm: Firm, count: int) -> None:
    """Add matters, each for a client, and some with related contacts."""
    clients = [row for row in firm.made["contacts"] if row["is_client"]]
    attorneys = [u["id"] for u in firm.made["users"] if u["subscription_type"] == "Attorney"]
    for number in range(count):
        _matter(firm, number, clients[number % len(clients)]["id"], attorneys)
    for number, matter in enumerate(firm.made["matters"]):
        for _ in range(number % 3):
            row = {"matter": matter["id"], "contact": firm.pick("contacts")}
            firm.add(
                "relationships",
                {**row, "description": firm.chance.choice(("Opponent", "Witness", ""))},
            )


def _matter(firm: Firm, number: int, client: int, attorneys: list[int]) -> None:
    opened = firm.chance.randrange(30, 700)
    status = ("Open", "Open", "Open", "Pending", "Closed")[number % 5]
    area = firm.pick("practice_areas")
    described = words.AFFAIRS[number % len(words.AFFAIRS)]
    row: Row = {
        "number": number + 1,
        "display_number": f"{number + 1:05}-{words.LAST[client % len(words.LAST)]}",
        "description": words.AWKWARD[number] if number < len(words.AWKWARD) else described,
        "status": status,
        "client_id": client,
        "client": client,
        "billable": number % 8 != 7,
        "billing_method": ("hourly", "hourly", "flat", "contingency")[number % 4],
        "open_date": "2999-12-31" if number == 4 else day(opened),
        "shared": False,
        "has_tasks": False,
        "currency": 1,
        "practice_area": area,
        "matter_stage": _stage(firm, area, number),
        "responsible_attorney": attorneys[number % len(attorneys)],
        "originating_attorney": attorneys[(number + 1) % len(attorneys)],
        "user": 101,
        "group": firm.made["groups"][0]["id"],
        "custom_rate": _rate(firm, number),
    }
    if status == "Closed":
        row["close_date"] = day(opened // 2)
    if status == "Pending":
        row["pending_date"] = day(opened)
    if number % 6 == 0:
        row["matter_budget"] = firm.inner(
            budget=5000.0, include_expenses=True, notification_threshold=80
        )
    firm.add("matters", row, opened)


def _stage(firm: Firm, area: int, number: int) -> int:
    mine = [row["id"] for row in firm.made["matter_stages"] if row["practice_area_id"] == str(area)]
    stage: int = mine[number % len(mine)]
    return stage


def _rate(firm: Firm, number: int) -> Row | None:
    if number % 4:
        return None
    rate = firm.inner(rate=money(25_000 + 1000 * (number % 7)), user=firm.pick("users"))
    return {"type": "HourlyRate", "on_invoice": True, "rates": [rate]}


def custom_values(firm: Firm, parent: str) -> None:
    """Give the records of a parent (Matter or Contact) values of every type of custom field."""
    fields = [row for row in firm.made["custom_fields"] if row["parent_type"] == parent]
    for number, record in enumerate(firm.made[f"{parent.lower()}s"]):
        chosen = fields if number % 3 == 0 else fields[: number % len(fields)]
        record["custom_field_values"] = [_value(firm, field, record, number) for field in chosen]


TEXTS = ("", "plain", "Ünïcode ✓", "=HYPERLINK(1)", "line one\nline two")


def _value(firm: Firm, field: Row, record: Row, number: int) -> Row:
    kind = field["field_type"]
    value: Row = {
        "id": f"{kind}-{firm.inner_id()}",
        "field_name": field["name"],
        "field_type": kind,
        "field_required": field["required"],
        "field_displayed": field["displayed"],
        "field_display_order": field["display_order"],
        "soft_deleted": field["deleted"],
        "custom_field": field["id"],
        "created_at": record["created_at"],
        "updated_at": record["updated_at"],
        **_content(firm, field, number),
    }
    if value.get("value") is None:
        value["id"] = None  # shown, but empty: Clio gives no id then
    return value


def _content(firm: Firm, field: Row, number: int) -> dict[str, Any]:
    """Give what the value slot holds, and the record that it points at."""
    plain: dict[str, str | None] = {
        "checkbox": "true" if number % 2 else "false",
        "currency": ("0.0", "1234.5", "-0.01", "99999999.99")[number % 4],
        "date": ("1899-12-31", "2026-02-28", "2999-12-31")[number % 3],
        "time": "09:30:00",
        "email": f"value{number}@example.com",
        "numeric": ("0", "3.14159", "-7", "12345678901234567890")[number % 4],
        "text_area": TEXTS[number % len(TEXTS)],
        "text_line": TEXTS[(number + 1) % len(TEXTS)] if number % 6 else None,
        "url": "https://example.com/a?b=c&d=é",
    }
    kind = field["field_type"]
    if kind == "picklist":
        option = field["picklist_options"][number % 4]
        return {"value": str(option["id"]), "picklist_option": option}
    if kind == "contact":
        contact = firm.made["contacts"][number % len(firm.made["contacts"])]["id"]
        return {"value": str(contact), "contact": contact}
    if kind == "matter":
        matter = firm.made["matters"][number % len(firm.made["matters"])]["id"]
        return {"value": str(matter), "matter": matter}
    return {"value": plain[kind]}
