"""Lists of choices and settings, users, contacts and matters, with their custom field values."""

from .bodies import custom_value
from .seed import AFFAIRS, AWKWARD, DATA, STREETS, Firm, Seed, company, day, person
from .store import Row
from .views import money


def build(firm: Firm, seed: Seed) -> None:
    """Build who is there, and what the rest of the firm refers to."""
    choices(firm)
    users(firm, seed.size("users", 8))
    groups(firm)
    firm.lists("costs")
    custom_fields(firm)
    firm.lists("legal_aid")
    contacts(firm, seed.size("contacts", 60))
    matters(firm, seed.size("matters", 40))
    custom_values(firm, "Contact")
    custom_values(firm, "Matter")
    settings(firm)


def choices(firm: Firm) -> None:
    """Add what the rest of the firm refers to."""
    firm.lists("areas")
    for area in firm.made["practice_areas"]:
        key, stages = str(area["id"]), enumerate(DATA["stages"], 1)
        rows = [{"name": name, "order": n, "practice_area_id": key} for n, name in stages]
        firm.plain("matter_stages", rows)
    firm.lists("types")
    firm.made["task_types"][-1]["deleted_at"] = firm.stamp(30)


def custom_fields(firm: Firm) -> None:
    """Add a custom field of every type for matters and for contacts, and a deleted one of each."""
    kinds = firm.catalog.schemas["CustomField"]["field_type"]["enum"]
    odd = [*DATA["odd_field_names"], "N" * 300]
    for parent in ("Matter", "Contact"):
        for number, kind in enumerate([*kinds, "text_line"]):
            plain = parent != "Matter" or number >= len(odd)
            row: Row = {
                "name": f"{parent} {kind.replace('_', ' ')}" if plain else odd[number],
                "parent_type": parent,
                "field_type": kind,
                "displayed": number % 3 != 0,
                "deleted": number == len(kinds),
                "display_order": number + 1,
            }
            if kind == "picklist":
                names = ("Low", "Medium", "High", "Once offered")
                row["picklist_options"] = [firm.inner(option=name) for name in names]
                row["picklist_options"][-1]["deleted_at"] = firm.stamp(20)
            firm.add("custom_fields", row)
    for parent in ("Matter", "Contact"):
        mine = [row["id"] for row in firm.made["custom_fields"] if row["parent_type"] == parent]
        for half in (mine[:6], mine[6:]):
            name = f"{parent} set {len(firm.made['custom_field_sets']) + 1}"
            row = {"name": name, "parent_type": parent, "custom_fields": half}
            firm.add("custom_field_sets", row)


def settings(firm: Firm) -> None:
    """Add settings, templates, reports, and the jurisdictions of courts with their triggers."""
    firm.lists("settings")
    for row in firm.made["task_template_lists"]:
        firm.plain("task_templates", [{"task_template_list": row["id"]} for _ in range(2)])
    firm.plain("grant_funding_sources", [{"name": "Bar fund"}, {"name": "State fund"}])
    for number in range(3):
        source = firm.made["grant_funding_sources"][number % 2]
        both = {"grant_funding_source": source["id"], "funding_source_name": source["name"]}
        firm.plain("grants", [{"name": f"Grant {number + 1}", **both, "balance": "1000.00"}])
    billing: Row = {"currency": "USD", "currency_sign": "$", "tax_rate": 8.25}
    billing["billing_currencies"] = [{"id": 1, "code": "USD"}]
    schema = firm.catalog.singletons["settings_billing"].schema
    firm.add("settings_billing", firm.filled(schema, 1, billing), 700)
    services = [row["id"] for row in firm.made["court_rules_service_types"]]
    firm.plain("court_rules_jurisdictions", [{"service_types": services} for _ in range(2)])
    for row in firm.made["court_rules_jurisdictions"]:
        firm.plain("court_rules_triggers", [{"_jurisdiction": row["id"]} for _ in range(3)])


def users(firm: Firm, count: int) -> None:
    """Add users: the first owns the account, the last is a co-counsel, the one before disabled."""
    account = firm.inner(id=1, name="Example Law Firm", state="active")
    titles = [firm.inner(name=n, initials=n[0]) for n in ("Partner", "Associate", "Paralegal")]
    for number in range(count):
        first, last = person(number * 5)
        row: Row = {
            "account_owner": number == 0,
            "email": f"{first}.{last}@firm.example.com".lower(),
            "enabled": number != count - 2,
            "first_name": first,
            "last_name": last,
            "initials": first[0] + last[0],
            "name": f"{first} {last}",
            "rate": money(100 * (200 + 10 * (number % 12))),
            "roles": ["Admin", "Billing"] if number == 0 else [],
            "account": account,
            "job_title": titles[number % 3],
            "_co_counsel": number == count - 1,
        }
        mail = firm.inner(type="Email", email_address=f"u{number}@example.com")
        firm.add("users", {**row, "notification_methods": [mail]}, ago=700)


def groups(firm: Firm) -> None:
    """Add groups; one of them is archived."""
    everyone = [row["id"] for row in firm.made["users"]]
    for number in range(3):
        firm.add("groups", {"users": everyone[number:]})
    for user in firm.made["users"]:
        user["groups"] = [g["id"] for g in firm.made["groups"] if user["id"] in g["users"]]


def _reachable(firm: Firm, number: int) -> Row:
    """Return addresses of every sort; every seventh contact has none."""
    if number % 7 == 6:
        return {}
    city, province, code = DATA["cities"][number % len(DATA["cities"])]
    street = f"{number % 190 + 1} {STREETS[number % len(STREETS)]}"
    where = {"street": street, "city": city, "province": province, "postal_code": code}
    name = ("Work", "Home", "Billing", "Other")[number % 4]
    address = firm.inner(name=name, country="US", primary=True, **where)
    mails = [firm.inner(address=f"contact{number}@example.com", name="Work", primary=True)]
    phones = [firm.inner(number=f"+1 555 01{number % 100:02}", name="Work", primary=True)]
    if number % 3 == 0:
        mails.append(firm.inner(address=f"other{number}@example.com", name="Other", primary=False))
        phones.append(firm.inner(number="", name="Other", primary=False))
    site = firm.inner(address="https://example.com", name="Work", default_web_site=True)
    messenger = [firm.inner(address="@example", name="Work")] if number % 9 == 0 else []
    return {
        "addresses": [address],
        "primary_address": address,
        "email_addresses": mails,
        "phone_numbers": phones,
        "primary_email_address": mails[0]["address"],
        "primary_phone_number": phones[0]["number"],
        "web_sites": [site],
        "instant_messengers": messenger,
    }


def _name(number: int) -> Row:
    odd = AWKWARD[number - 5] if 5 <= number < 5 + len(AWKWARD) else None
    if number % 4 == 0:
        return {"type": "Company", "name": company(number) if odd is None else odd}
    first, last = person(number)
    first = first if odd is None else odd
    name = {"first_name": first, "last_name": last, "name": f"{first} {last}".strip()}
    return {"type": "Person", **name, "initials": (first[:1] or "") + last[:1]}


def contacts(firm: Firm, count: int) -> None:
    """Add contacts: every fourth a company, some persons working for it."""
    companies: list[int] = []
    for number in range(count):
        row = {**_name(number), **_reachable(firm, number)}
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
            row["description"] = firm.chance.choice(("Opponent", "Witness", ""))
            firm.add("relationships", row)


def _matter(firm: Firm, number: int, client: int, attorneys: list[int]) -> None:
    opened = firm.chance.randrange(30, 700)
    area = firm.pick("practice_areas")
    stages = [r["id"] for r in firm.made["matter_stages"] if r["practice_area_id"] == str(area)]
    row: Row = {
        "display_number": f"{number + 1:05}-{DATA['last'][client % len(DATA['last'])]}",
        "description": (AWKWARD[number:] or [AFFAIRS[number % len(AFFAIRS)]])[0],
        "client_id": client,
        "client": client,
        "open_date": "2999-12-31" if number == 4 else day(opened),
        "practice_area": area,
        "matter_stage": stages[number % len(stages)],
        "responsible_attorney": attorneys[number % len(attorneys)],
        "originating_attorney": attorneys[(number + 1) % len(attorneys)],
        "group": firm.made["groups"][0]["id"],
        "custom_rate": None,
    }
    if number % 4 == 0:
        rate = firm.inner(rate=money(25_000 + 1000 * (number % 7)), user=firm.pick("users"))
        row["custom_rate"] = {"type": "HourlyRate", "on_invoice": True, "rates": [rate]}
    if number % 6 == 0:
        limits = {"budget": 5000.0, "include_expenses": True, "notification_threshold": 80}
        row["matter_budget"] = firm.inner(**limits)
    matter = firm.add("matters", row, opened)
    if matter["status"] == "Closed":
        matter["close_date"] = day(opened // 2)
    if matter["status"] == "Pending":
        matter["pending_date"] = day(opened)


def custom_values(firm: Firm, parent: str) -> None:
    """Add values of every type of custom field to the records of a parent (Matter or Contact)."""
    fields = [row for row in firm.made["custom_fields"] if row["parent_type"] == parent]
    for number, record in enumerate(firm.made[f"{parent.lower()}s"]):
        chosen = fields if number % 3 == 0 else fields[: number % len(fields)]
        record["custom_field_values"] = [_custom(firm, field, record, number) for field in chosen]


def _custom(firm: Firm, field: Row, record: Row, number: int) -> Row:
    kind, texts = field["field_type"], DATA["texts"]
    value: Row = {
        **custom_value(field, f"{kind}-{firm.inner_id()}"),
        **{name: record[name] for name in ("created_at", "updated_at")},
    }
    if kind == "picklist":
        option = field["picklist_options"][number % 4]
        return {**value, "value": str(option["id"]), "picklist_option": option}
    if kind in {"contact", "matter"}:
        rows = firm.made[f"{kind}s"]
        key = rows[number % len(rows)]["id"]
        return {**value, "value": str(key), kind: key}
    plain: dict[str, str | None] = {
        "checkbox": "true" if number % 2 else "false",
        "currency": ("0.0", "1234.5", "-0.01", "99999999.99")[number % 4],
        "date": ("1899-12-31", "2026-02-28", "2999-12-31")[number % 3],
        "time": "09:30:00",
        "email": f"value{number}@example.com",
        "numeric": ("0", "3.14159", "-7", "12345678901234567890")[number % 4],
        "text_area": texts[number % len(texts)],
        "text_line": texts[(number + 1) % len(texts)] if number % 6 else None,
        "url": "https://example.com/a?b=c&d=é",
    }
    # Where a value is shown, but empty, Clio gives no id.
    return {**value, "value": plain[kind], "id": value["id"] if plain[kind] is not None else None}
