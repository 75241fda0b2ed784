"""Folders, documents and their versions; and what hangs on matters beside money."""

from .derived import money
from .seed_firm import Firm, day
from .store import Row


def folders(firm: Firm) -> None:
    """Add a folder for each matter, a subfolder in every other, and one in the trash."""
    for number, matter in enumerate(firm.made["matters"]):
        root = firm.add("folders", _folder(f"Matter {number + 1}", matter["id"], None, root=True))
        matter["folder"] = root["id"]
        if number % 2 == 0:
            inner = firm.add("folders", _folder("Letters 📁", matter["id"], root["id"], root=False))
            if number == 0:
                inner["deleted_at"] = inner["updated_at"]


def _folder(name: str, matter: int, parent: int | None, *, root: bool) -> Row:
    row: Row = {"type": "Folder", "locked": False, "name": name, "root": root, "matter": matter}
    return row if parent is None else {**row, "parent": parent}


def documents(firm: Firm, count: int) -> None:
    """Add documents with versions: some in the trash, some whose upload never ended."""
    creator = {key: firm.made["users"][0][key] for key in ("id", "name", "email", "enabled")}
    for number in range(count):
        folder = firm.made["folders"][number % len(firm.made["folders"])]
        name = f"Document {number + 1}.pdf"
        row = firm.add(
            "documents",
            {
                "type": "Document",
                "locked": False,
                "name": name if number else "naïve «quote» & co.pdf",
                "filename": name,
                "size": 1000 * number,
                "content_type": "application/pdf",
                "received_at": firm.stamp(number % 300),
                "parent": folder["id"],
                "matter": folder["matter"],
                "document_category": firm.pick("document_categories"),
                "creator": {**creator, "type": "ManageUser"},
                "_uncompleted": number % 13 == 12,
            },
        )
        if number % 10 == 9:
            row["deleted_at"] = row["updated_at"]
        for version in range(1, 2 + number % 3):
            _version(firm, row, version)


def _version(firm: Firm, document: Row, version: int) -> None:
    key = firm.next_id("document_versions")
    firm.add(
        "document_versions",
        {
            "document_id": document["id"],
            "uuid": f"00000000-0000-4000-8000-{key:012}",
            "filename": document["filename"],
            "size": document["size"],
            "version_number": version,
            "content_type": document["content_type"],
            "received_at": document["received_at"],
            "fully_uploaded": not document["_uncompleted"],
            "creator": document["creator"],
        },
    )


def beside(firm: Firm) -> None:
    """Add comments, court dockets, medical records, damages, automations, recents and events."""
    for _ in range(3):
        version = firm.made["document_versions"][0]["id"]
        firm.plain(
            "comments", [{"message": "Please check ✔", "document_version": version, "creator": 101}]
        )
    firm.made["comments"][-1]["deleted_at"] = firm.stamp(3)
    _dockets(firm)
    for name in ("document_automations", "medical_records_details", "damages"):
        firm.plain(name, [{"matter": firm.pick("matters")} for _ in range(3)])
    _recents(firm)
    _events(firm)


def _dockets(firm: Firm) -> None:
    for number in range(3):
        row = {
            "name": f"Docket {number + 1}",
            "start_date": day(60 - number),
            "status": "completed",
            "matter": firm.pick("matters"),
            "jurisdiction": firm.pick("court_rules_jurisdictions"),
            "trigger": firm.pick("court_rules_triggers"),
            "service_type": firm.pick("court_rules_service_types"),
            "calendar_entries": [firm.pick("calendar_entries")],
        }
        docket = firm.add("court_rules_matter_dockets", row)
        if number == 0:
            docket["deleted_at"] = docket["updated_at"]


def _recents(firm: Firm) -> None:
    for kind, collection in (("Matter", "matters"), ("Contact", "contacts")):
        for number in range(3):
            record = firm.made[collection][number]
            name = record.get("display_number", record.get("name"))
            item = {"id": record["id"], "type": kind, "identifier": name}
            row = {"type": f"{kind}LogEntry", "item": item, "user": 101}
            firm.add("log_entries", {**row, "accessed_at": firm.stamp(number)})


def _events(firm: Firm) -> None:
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
            retainer = firm.inner(minimum_threshold=money(100_000))
            matter["evergreen_retainer"] = retainer


COMPLETED = (
    "contacts",
    "matters",
    "activities",
    "tasks",
    "calendar_entries",
    "communications",
    "notes",
    "documents",
)
NOT_COMPLETED = (
    "bill",
    "company",
    "completed_at",
    "close_date",
    "parent_calendar_entry",
    "time_entries",
)


def complete(firm: Firm) -> None:
    """Fill every field of one record of each large collection, so that none is always null."""
    for name in COMPLETED:
        place = min(2, len(firm.made[name]) - 1)
        row = firm.made[name][place]
        absent = dict.fromkeys(field for field in NOT_COMPLETED if field not in row)
        filled = firm.filled(firm.catalog.collections[name].schema, place, {**row, **absent})
        filled.pop("reminders", None)
        row |= {key: value for key, value in filled.items() if key not in row}
