"""What the firm does: time and expenses, tasks, calendar, notes, mail, folders and documents."""

from .seed import AWKWARD, DATA, MIDNIGHT, WORK, Firm, Seed, day
from .store import Row
from .values import DAY
from .views import money


def build(firm: Firm, seed: Seed) -> None:
    """Build what the firm does."""
    activities(firm, seed.size("activities", 600))
    tasks(firm, seed.size("tasks", 60))
    calendar(firm, seed.size("calendar_entries", 40))
    notes(firm, seed.size("notes", 60))
    communications(firm, seed.size("communications", 40))
    conversations(firm)
    folders(firm)
    documents(firm, seed.size("documents", 40))
    beside(firm)
    budgets(firm)
    complete(firm)


def activities(firm: Firm, count: int) -> None:
    """Add time entries and expenses; rate times rounded hours is the total, to the cent."""
    rates = {row["id"]: int(row["rate"]) for row in firm.made["users"]}
    people = list(rates)
    places = [row["id"] for row in firm.made["matters"]]
    descriptions = [row["id"] for row in firm.made["activity_descriptions"]]
    chance, made = firm.chance, firm.made["activities"]
    for number in range(count):
        ago = (count - number) * 700 // count + 1
        matter, user = chance.choice(places), chance.choice(people)
        created = MIDNIGHT - ago * DAY + number % 28_800 * 1000 + 9 * 3_600_000
        row: Row = {
            "id": firm.next_id("activities"),
            **DATA["fixed"]["activities"],
            "date": day(ago),
            "created_at": created,
            "updated_at": created,
            "non_billable": number % 11 == 10,
            "matter": matter,
            "user": user,
            # The same object for the same text, so that a million notes cost little.
            "note": AWKWARD[number] if number < len(AWKWARD) else WORK[number % 10],
        }
        if number % 7 == 6:
            _expense(firm, row, number)
        else:
            row["activity_description"] = descriptions[number % len(descriptions)]
            _time(row, rates[user], chance.randrange(1, 45), number)
        # A non-billable entry's worth stands in another field.
        row["non_billable_total"] = row["total"] if row["non_billable"] else 0.0
        if row["non_billable"]:
            row["total"] = 0.0
        elif number % 53 == 20:
            row["_written_off"] = True
        made.append(row)


def _time(row: Row, rate: int, tenths: int, number: int) -> None:
    """Fill in a time entry: quantity in seconds, rounded up to tenths of an hour."""
    price = 0 if number % 97 == 50 else rate
    exact = tenths * 360 - number % 300
    row |= {
        "type": "TimeEntry",
        "quantity": float(exact),
        "quantity_in_hours": round(exact / 3600, 4),
        "rounded_quantity": float(tenths * 360),
        "rounded_quantity_in_hours": tenths / 10,
        "price": float(price),
        "total": money(tenths * price * 10),
        "tax_setting": "tax_1_only",
    }


def _expense(firm: Firm, row: Row, number: int) -> None:
    kind = ("ExpenseEntry", "HardCostEntry", "SoftCostEntry")[number // 7 % 3]
    quantity, price = number % 5 + 1, 25 + number % 400 * 5
    row |= {
        "type": kind,
        "quantity": float(quantity),
        "rounded_quantity": float(quantity),
        "price": money(price),
        "total": money(quantity * price),
        "expense_category": firm.made["expense_categories"][number % 5]["id"],
        "reference": f"R{number}",
    }
    if kind == "HardCostEntry":
        row["vendor"] = firm.made["contacts"][0]["id"]


def tasks(firm: Firm, count: int) -> None:
    """Add tasks of every status, some with reminders."""
    for number in range(count):
        matter, user = firm.turn("matters", number), firm.turn("users", number)
        assignee = {"id": user["id"], "type": "User", "name": user["name"], "enabled": True}
        row: Row = {"matter": matter["id"], "assignee": assignee}
        if number % 4:
            row["due_at"] = day(40 - number % 80)
        task = firm.add("tasks", row)
        matter["has_tasks"] = True
        if task["status"] == "complete":
            task["completed_at"] = task["updated_at"]
        if number % 6 == 0:
            task["reminders"] = [_reminder(firm, task, user)]


def _reminder(firm: Firm, task: Row, user: Row) -> int:
    states = firm.catalog.schemas["Reminder"]["state"]["enum"]
    row: Row = {
        "state": states[task["id"] % len(states)],
        "subject": {"id": task["id"], "type": "Task", "identifier": task["name"]},
        "notification_method": user["notification_methods"][0],
    }
    key: int = firm.add("reminders", {**row, "next_delivery_at": firm.stamp(-5)})["id"]
    return key


def calendar(firm: Firm, count: int) -> None:
    """Add a calendar for each user, and entries; their ids are text."""
    schema = firm.catalog.collections["calendars"].schema
    for number, user in enumerate(firm.made["users"]):
        given: Row = {"name": user["name"], "type": "UserCalendar", "creator": user["id"]}
        firm.add("calendars", firm.filled(schema, number, {**given, "source": "web"}))
    for number in range(count):
        owner = firm.pick("calendars")
        start, date = firm.stamp(30 - number % 60), day(30 - number % 60)
        row: Row = {
            "start_at": start,
            "end_at": start + 3_600_000,
            "start_date": date,
            "end_date": date,
            "calendar_owner_id": owner,
            "calendar_owner": owner,
            "calendars": [owner],
            "matter": firm.pick("matters") if number % 3 else None,
            "calendar_entry_event_type": firm.pick("calendar_entry_event_types"),
        }
        firm.add("calendar_entries", row)


def notes(firm: Firm, count: int) -> None:
    """Add notes on matters and on contacts."""
    for number in range(count):
        kind = ("Matter", "Contact")[number % 2]
        row: Row = {"subject": f"{kind} note {number + 1}", "date": day(number % 300)}
        row["author"] = firm.pick("users")
        firm.add("notes", {**row, kind.lower(): firm.pick(f"{kind.lower()}s")})


def communications(firm: Firm, count: int) -> None:
    """Add mails and telephone calls between users and contacts."""
    for number in range(count):
        ago = (count - number) % 600
        user, contact = firm.turn("users", number), firm.turn("contacts", number)
        row: Row = {"date": day(ago), "received_at": firm.stamp(ago), "user": user["id"]}
        row["matter"] = firm.pick("matters")
        row["senders"] = [{"id": user["id"], "type": "User", "name": user["name"]}]
        row["receivers"] = [{name: contact[name] for name in ("id", "type", "name")}]
        firm.add("communications", row)


def conversations(firm: Firm) -> None:
    """Add conversations with their messages; one is archived."""
    for number in range(4):
        members = [firm.inner(read=True, archived=False)]
        row = {"matter": firm.pick("matters"), "memberships": members}
        conversation = firm.add("conversations", row)
        for message in range(3):
            sent: Row = {"date": day(20 - message), "body": AWKWARD[number * 3 + message]}
            sent["conversation"] = conversation["id"]
            firm.add("conversation_messages", sent, 20 - message)


def folders(firm: Firm) -> None:
    """Add a folder for each matter, a subfolder in every other, and one in the trash."""
    for number, matter in enumerate(firm.made["matters"]):
        row: Row = {"name": f"Matter {number + 1}", "root": True, "matter": matter["id"]}
        root = firm.add("folders", row)
        matter["folder"] = root["id"]
        if number % 2 == 0:
            below = {"name": "Letters 📁", "root": False, "parent": root["id"]}
            inner = firm.add("folders", {**row, **below})
            if number == 0:
                inner["deleted_at"] = inner["updated_at"]


def documents(firm: Firm, count: int) -> None:
    """Add documents with versions: some in the trash, some whose upload never ended."""
    creator = {key: firm.made["users"][0][key] for key in ("id", "name", "email", "enabled")}
    for number in range(count):
        folder, name = firm.turn("folders", number), f"Document {number + 1}.pdf"
        row: Row = {
            "name": name if number else "naïve «quote» & co.pdf",
            "filename": name,
            "size": 1000 * number,
            "received_at": firm.stamp(number % 300),
            "parent": folder["id"],
            "matter": folder["matter"],
            "document_category": firm.pick("document_categories"),
            "creator": {**creator, "type": "ManageUser"},
            "_uncompleted": number % 13 == 12,
        }
        made = firm.add("documents", row)
        if number % 10 == 9:
            made["deleted_at"] = made["updated_at"]
        copied = {key: row[key] for key in ("filename", "size", "received_at", "creator")}
        for version in range(1, 2 + number % 3):
            uuid = f"00000000-0000-4000-8000-{firm.next_id('document_versions'):012}"
            own = {"document_id": made["id"], "uuid": uuid, "version_number": version}
            whole = {"fully_uploaded": not row["_uncompleted"]}
            firm.add("document_versions", {**own, **copied, **whole})


def beside(firm: Firm) -> None:
    """Add comments, court dockets, medical records, damages, automations, recents and events."""
    version = firm.made["document_versions"][0]["id"]
    for _ in range(3):
        row = {"message": "Please check ✔", "document_version": version, "creator": 101}
        firm.plain("comments", [row])
    firm.made["comments"][-1]["deleted_at"] = firm.stamp(3)
    for number in range(3):
        row = {"start_date": day(60 - number), "matter": firm.pick("matters")}
        for name in ("jurisdiction", "trigger", "service_type"):
            row[name] = firm.pick(f"court_rules_{name}s")
        row["calendar_entries"] = [firm.pick("calendar_entries")]
        docket = firm.add("court_rules_matter_dockets", row)
        if number == 0:
            docket["deleted_at"] = docket["updated_at"]
    firm.lists("beside")
    for kind, collection in (("Matter", "matters"), ("Contact", "contacts")):
        for number in range(3):
            record = firm.made[collection][number]
            named = record.get("display_number", record.get("name"))
            item = {"id": record["id"], "type": kind, "identifier": named}
            row = {"type": f"{kind}LogEntry", "item": item, "accessed_at": firm.stamp(number)}
            firm.add("log_entries", row)
    for number in range(3):
        matter = firm.made["matters"][number]
        event = firm.filled("Event_base", number + 1, {"title": matter["display_number"]})
        event |= {"id": firm.inner_id(), "subject_type": "Matter", "subject_id": matter["id"]}
        firm.add("internal_notifications_my_events", {"event": event})


def budgets(firm: Firm) -> None:
    """Set what a matter knows of its work: the day of the last activity."""
    last: dict[int, str] = {}
    for activity in firm.made["activities"]:
        last[activity["matter"]] = max(last.get(activity["matter"], ""), activity["date"])
    for matter in firm.made["matters"]:
        if matter["id"] in last:
            matter["last_activity_date"] = last[matter["id"]]
        if matter["id"] % 9 == 0:
            matter["evergreen_retainer"] = firm.inner(minimum_threshold=money(100_000))


def complete(firm: Firm) -> None:
    """Fill every field of one record of each large collection, so that none is always null."""
    for name in DATA["completed"]:
        place = min(2, len(firm.made[name]) - 1)
        row = firm.made[name][place]
        absent = dict.fromkeys(field for field in DATA["not_completed"] if field not in row)
        filled = firm.filled(firm.catalog.collections[name].schema, place, {**row, **absent})
        filled.pop("reminders", None)
        row |= {key: value for key, value in filled.items() if key not in row}
