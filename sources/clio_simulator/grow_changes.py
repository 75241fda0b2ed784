"""What happens in Grow's own pages: leads are accepted, matters pushed to Manage, types renamed."""

from collections.abc import Callable
from dataclasses import replace

from .change import Change
from .grow_tables import PARENTS, table
from .store import Row, Store
from .switches import Switches

CONTACTS, MATTERS, LEADS, TYPES = map(table, ("contacts", "matters", "inbox_leads", "matter_types"))


class GrowWays:
    """The changes that Grow alone knows, each made of simpler ones."""

    def __init__(
        self, apply: Callable[[Change], Row], manage: Store, grow: Store, switches: Switches
    ) -> None:
        """Keep how a simpler change is applied, and what is looked up."""
        self.apply = apply
        self.manage = manage
        self.grow = grow
        self.switches = switches
        self.ways: dict[str, Callable[[Change], Row]] = {
            "accept_lead": self._accept,
            "add_note": self._note,
            "convert": self._convert,
            "rename_matter_type": self._rename,
        }

    def _add(self, change: Change, collection: str, fields: Row) -> Row:
        given = {name: value for name, value in fields.items() if value is not None}
        return self.apply(
            replace(change, operation="add", collection=collection, id=None, fields=given)
        )

    def _update(
        self, change: Change, collection: str, key: int, fields: Row, *, moves: bool = True
    ) -> Row:
        return self.apply(
            replace(
                change,
                operation="update",
                collection=collection,
                id=key,
                fields=fields,
                silent=not moves,
            )
        )

    def _accept(self, change: Change) -> Row:
        """Take a lead out of the inbox; its contact and matter are made, the matter is given."""
        lead = self.grow[LEADS].rows[change.key]
        if lead.get("state") == "accepted":
            message = f"lead {change.key} was accepted before"
            raise ValueError(message)
        self._update(change, LEADS, change.key, {"state": "accepted"})
        name = " ".join(filter(None, (lead.get("first_name"), lead.get("last_name"))))
        person = {key: lead.get(key) for key in ("first_name", "last_name")}
        contact = self._add(
            change,
            CONTACTS,
            {
                **person,
                "name": name,
                "type": "Person",
                "status": "Intake",
                "emails": [each for each in (lead.get("email"),) if each],
                "phone_numbers": [each for each in (lead.get("phone_number"),) if each],
            },
        )
        return self._add(
            change,
            MATTERS,
            {
                "client": contact["id"],
                "inbox_lead_id": lead["id"],
                "type": self._name("matter_types", lead.get("matter_type")),
                "location": self._name("locations", lead.get("matter_location")),
                "status": "Newly Added",
                "status_category": "intake",
            },
        )

    def _name(self, collection: str, key: int | None) -> str | None:
        named = self.grow[table(collection)].rows.get(key or 0, {})
        return named.get("name")

    def _note(self, change: Change) -> Row:
        """Add a note to a contact or matter; a switch says whether that moves it."""
        parent = self.grow[change.collection].rows[change.key]
        child = next(name for name, of in PARENTS.items() if table(of) == change.collection)
        if self.switches.grow_note_moves_parent:
            self._update(change, change.collection, change.key, {})
        return self._add(change, table(child), {**change.fields, "_parent": parent["id"]})

    def _convert(self, change: Change) -> Row:
        """Push a matter, and its client where that was not done, to Manage."""
        matter = self.grow[MATTERS].rows[change.key]
        if "clio_id" in matter:
            message = f"matter {change.key} is in Manage already"
            raise ValueError(message)
        client = self.grow[CONTACTS].rows[matter["client"]]
        moves = self.switches.grow_convert_moves_updated_at
        if "clio_id" not in client:
            twin = self._add(change, "contacts", _manage_contact(client))
            linked = {"clio_id": twin["id"]}
            client = self._update(change, CONTACTS, client["id"], linked, moves=moves)
        number = len(self.manage["matters"]) + 1
        twin = self._add(change, "matters", _manage_matter(matter, client, number))
        return self._update(change, MATTERS, change.key, {"clio_id": twin["id"]}, moves=moves)

    def _rename(self, change: Change) -> Row:
        """Rename a matter type; a switch says what that does to the matters that name it."""
        old, new = self.grow[TYPES].rows[change.key]["name"], change.fields["name"]
        renamed = self._update(change, TYPES, change.key, {"name": new})
        if self.switches.grow_rename != "kept":
            moves = self.switches.grow_rename == "stamped"
            named = [
                row["id"] for row in self.grow[MATTERS].rows.values() if row.get("type") == old
            ]
            for key in named:
                self._update(change, MATTERS, key, {"type": new}, moves=moves)
        return renamed


def _manage_contact(contact: Row) -> Row:
    """Give what Manage makes of a contact."""
    copied = ("type", "name", "first_name", "last_name")
    return {**{name: contact.get(name) for name in copied}, "is_client": True, "currency": 1}


def _manage_matter(matter: Row, client: Row, number: int) -> Row:
    """Give what Manage makes of a matter."""
    return {
        "number": number,
        "display_number": f"{number:05}-{client['name'][:40]}",
        "description": matter.get("description"),
        "status": "Open",
        "client": client["clio_id"],
        "client_id": client["clio_id"],
        "billable": True,
        "currency": 1,
    }
