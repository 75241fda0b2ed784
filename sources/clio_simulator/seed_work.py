"""What the firm does: time and expenses, tasks, calendar, notes, mail, conversations."""

from functools import lru_cache

from . import seed_words as words
from .seed_firm import MIDNIGHT, Firm, day
from .store import Row
from .values import DAY
from .views import money


def activities(firm: Firm, count: int) -> None:
    """Add time entries and expenses; rate times rounded hours is the total, to the cent."""
    rates = {row["id"]: int(row["rate"]) for row in firm.made["users"]}
    people = list(rates)
    places = [row["id"] for row in firm.made["matters"]]
    descriptions = [row["id"] for row in firm.made["activity_descriptions"]]
    chance = firm.chance
    for number in range(count):
        ago = (count - number) * 700 // count + 1
        row = _base(number, chance.choice(places), chance.choice(people), ago)
        if number % 7 == 6:
            _expense(firm, row, number)
        else:
            row["activity_description"] = descriptions[number % len(descriptions)]
            _time(row, rates[row["user"]], chance.randrange(1, 45), number)
        firm.made["activities"].append(row)
        row["id"] = _ACTIVITY + number


_ACTIVITY = 10_000_001


@lru_cache(maxsize=1000)
def _note(number: int) -> str:
    """Give a note, the same object for the same text, so that a million notes cost little."""
    odd = len(words.AWKWARD)
    return words.AWKWARD[number] if number < odd else f"{words.WORK[number % len(words.WORK)]}"


def _base(number: int, matter: int, user: int, ago: int) -> Row:
    created = MIDNIGHT - ago * DAY + number % 28_800 * 1000 + 9 * 3_600_000
    return {
        "id": 0,
        "date": day(ago),
        "created_at": created,
        "updated_at": created,
        "flat_rate": False,
        "billed": False,
        "on_bill": False,
        "contingency_fee": False,
        "non_billable": number % 11 == 10,
        "no_charge": False,
        "tax_setting": "no_tax",
        "currency": 1,
        "matter": matter,
        "user": user,
        "note": _note(number if number < len(words.AWKWARD) else 100 + number % 10),
    }


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
    _settle(row, number)


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
    _settle(row, number)


def _settle(row: Row, number: int) -> None:
    """Say what is not billed: a non-billable entry's worth stands in another field."""
    row["non_billable_total"] = row["total"] if row["non_billable"] else 0.0
    if row["non_billable"]:
        row["total"] = 0.0
    elif number % 53 == 20:
        row["_written_off"] = True


def tasks(firm: Firm, count: int) -> None:
    """Add tasks of every status, some with reminders."""
    for number in range(count):
        status = ("pending", "complete", "in_progress", "in_review", "pending")[number % 5]
        matter = firm.made["matters"][number % len(firm.made["matters"])]
        user = firm.made["users"][number % len(firm.made["users"])]
        who = {"id": user["id"], "type": "User", "name": user["name"], "enabled": True}
        row: Row = {
            "name": words.AWKWARD[number] if number < len(words.AWKWARD) else f"Task {number + 1}",
            "status": status,
            "description": words.WORK[number % len(words.WORK)],
            "description_text_type": "plain_text",
            "priority": ("High", "Normal", "Low")[number % 3],
            "permission": ("public", "private")[number % 2],
            "notify_completion": False,
            "statute_of_limitations": number % 20 == 19,
            "time_estimated": 3600,
            "time_entries_count": 0,
            "task_type": firm.pick("task_types"),
            "assigner": 101,
            "matter": matter["id"],
            "assignee": who,
        }
        if number % 4:
            row["due_at"] = day(40 - number % 80)
        task = firm.add("tasks", row)
        matter["has_tasks"] = True
        if status == "complete":
            task["completed_at"] = task["updated_at"]
        if number % 6 == 0:
            task["reminders"] = [_reminder(firm, "Task", task["id"], task["name"], user)]


def _reminder(firm: Firm, kind: str, subject: int, name: str, user: Row) -> int:
    about = {"id": subject, "type": kind, "identifier": name}
    states = firm.catalog.schemas["Reminder"]["state"]["enum"]
    row = {"duration": 3600, "state": states[subject % len(states)], "subject": about}
    row["notification_method"] = user["notification_methods"][0]
    key: int = firm.add("reminders", {**row, "next_delivery_at": firm.stamp(-5)})["id"]
    return key


def calendar(firm: Firm, count: int) -> None:
    """Add a calendar for each user, and entries; their ids are text."""
    schema = firm.catalog.collections["calendars"].schema
    for number, user in enumerate(firm.made["users"]):
        given: Row = {
            "name": user["name"],
            "type": "UserCalendar",
            "creator": user["id"],
            "source": "web",
        }
        firm.add("calendars", firm.filled(schema, number, given))
    for number in range(count):
        owner = firm.pick("calendars")
        start = firm.stamp(30 - number % 60)
        all_day = number % 10 == 9
        firm.add(
            "calendar_entries",
            {
                "summary": words.AWKWARD[number % len(words.AWKWARD)]
                if number < 40
                else f"Entry {number}",
                "description": None if number % 2 else "Bring the file",
                "location": "Room 1",
                "start_at": start,
                "end_at": start + 3_600_000,
                "start_date": day(30 - number % 60),
                "end_date": day(30 - number % 60),
                "all_day": all_day,
                "court_rule": False,
                "permission": "owner",
                "calendar_owner_id": owner,
                "calendar_owner": owner,
                "calendars": [owner],
                "start_at_time_zone": "America/Los_Angeles",
                "time_entries_count": 0,
                "recurrence_rule": "FREQ=WEEKLY;COUNT=5" if number % 12 == 0 else None,
                "matter": firm.pick("matters") if number % 3 else None,
                "calendar_entry_event_type": firm.pick("calendar_entry_event_types"),
            },
        )


def notes(firm: Firm, count: int) -> None:
    """Add notes on matters and on contacts."""
    for number in range(count):
        kind = ("Matter", "Contact")[number % 2]
        detail = words.AWKWARD[number % len(words.AWKWARD)] if number < 50 else f"Note {number}"
        row: Row = {
            "type": kind,
            "subject": f"{kind} note {number + 1}",
            "detail": detail,
            "detail_text_type": ("plain_text", "rich_text")[number % 2],
            "date": day(number % 300),
            "time_entries_count": 0,
            "author": firm.pick("users"),
            kind.lower(): firm.pick(f"{kind.lower()}s"),
        }
        firm.add("notes", row)


def communications(firm: Firm, count: int) -> None:
    """Add mails and telephone calls between users and contacts."""
    for number in range(count):
        ago = count - number
        user = firm.made["users"][number % len(firm.made["users"])]
        contact = firm.made["contacts"][number % len(firm.made["contacts"])]
        sender = {"id": user["id"], "type": "User", "name": user["name"]}
        receiver = {"id": contact["id"], "type": contact["type"], "name": contact["name"]}
        firm.add(
            "communications",
            {
                "subject": f"Subject {number + 1}",
                "body": words.AWKWARD[number % len(words.AWKWARD)],
                "type": ("EmailCommunication", "PhoneCommunication")[number % 2],
                "date": day(ago % 600),
                "received_at": firm.stamp(ago % 600),
                "time_entries_count": 0,
                "user": user["id"],
                "matter": firm.pick("matters"),
                "senders": [sender],
                "receivers": [receiver],
            },
        )


def conversations(firm: Firm) -> None:
    """Add conversations with their messages; one is archived."""
    for number in range(4):
        member = firm.inner(read=True, archived=False)
        row = {
            "archived": number == 3,
            "read_only": False,
            "current_user_is_member": True,
            "subject": f"Conversation {number + 1}",
            "time_entries_count": 0,
            "read": number % 2 == 0,
            "matter": firm.pick("matters"),
            "memberships": [member],
        }
        conversation = firm.add("conversations", row)
        for message in range(3):
            body = words.AWKWARD[number * 3 + message]
            sent = {"date": day(20 - message), "body": body, "conversation": conversation["id"]}
            firm.add("conversation_messages", {**sent, "sender": {}, "receivers": []}, 20 - message)
