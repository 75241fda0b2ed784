"""What each operation does to the records: those of both products, merges, and Grow's own ways."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any, TypeAlias

from .changes import Change
from .grow_records import PARENTS, table
from .render import Renderer
from .store import Row, Store, Table
from .values import SimulatedClock


class RecordMerge:
    """The winner in the place of the loser, two records of one collection."""

    def __init__(self, renderer: Renderer, collection: str, winner: Row, loser: Row) -> None:
        """Note how the loser is told: by its id, and by the types that its kind goes by."""
        self.schemas, self.names = renderer.schemas, renderer.names
        self.targets = renderer.targets
        self.collection, self.winner, self.loser = collection, winner, loser
        kind = self.names[collection]
        self.kinds = {kind, *self.schemas[kind].get("type", {}).get("enum", ())}
        self._known: dict[str, dict[str, str]] = {}

    def fields(self, collection: str, row: Row) -> Row:
        """Return the fields of a record that change; where the winner meant the loser: none."""
        changed = self._fields(self.names[collection], row)
        if row is self.winner:
            for name, value in changed.items():
                if isinstance(value, list):
                    changed[name] = [each for each in value if each != row["id"]]
                elif value == row["id"]:
                    changed[name] = None
        return changed

    def _slots(self, schema: str) -> dict[str, str]:
        """Return the fields that can lead to the loser, each with the schema inside it."""
        if schema not in self._known:
            fields = self.schemas[schema].items()
            found = {name: field.get("schema", "") for name, field in fields}
            self._known[schema] = {
                name: inside for name, inside in found.items() if self._leads(schema, name, inside)
            }
        return self._known[schema]

    def _leads(self, schema: str, name: str, inside: str) -> bool:
        if inside:
            return self.targets.get(inside, self.collection) == self.collection
        # A number ending in `_id` points at what stands beside it, or at what it is called after.
        stem = name.removesuffix("_id")
        beside = self.targets.get(self.schemas[schema].get(stem, {}).get("schema", ""))
        called = beside or f"{stem.rpartition('_')[2]}s"
        return name.endswith("_id") and called == self.collection

    def _fields(self, schema: str, row: Row) -> Row:
        changed = {
            name: self.winner["id"]
            for name in row
            if name.endswith("_id") and self._is_loser(row, f"{name[:-3]}_type", name)
        }
        for name, inside in self._slots(schema).items():
            value = row.get(name)
            new = self._moved(inside, value)
            if new != value:
                changed[name] = new
        return changed

    def _moved(self, schema: str, value: Any) -> Any:  # noqa: ANN401 - id, nested value or list
        if isinstance(value, list):
            moved = [self._moved(schema, each) for each in value]
            return list(dict.fromkeys(moved)) if self.loser["id"] in value else moved
        if not isinstance(value, dict):
            return self.winner["id"] if value == self.loser["id"] else value
        changed = self._fields(schema, value)
        if changed and value.get("value") == str(self.loser["id"]):
            changed["value"] = str(self.winner["id"])  # a custom field holds the id as text too
        if self._is_loser(value, "type", "id"):
            copies = {"id": "id", "type": "type", "name": "name", "identifier": "name"}
            for name, own in copies.items():
                if name in value and value[name] == self.loser.get(own):
                    changed[name] = self.winner.get(own)
        return {**value, **changed}

    def _is_loser(self, row: Row, kind: str, key: str) -> bool:
        return row.get(kind) in self.kinds and row.get(key) == self.loser["id"]


Way: TypeAlias = Callable[[Change], Row]
CONTACTS, MATTERS, LEADS, TYPES = map(table, ("contacts", "matters", "inbox_leads", "matter_types"))


class Applier:
    """Apply changes to the stores of both products, each at once."""

    def __init__(self, renderer: Renderer, grow: Store, clock: SimulatedClock) -> None:
        """Begin with no permission lost; `renderer` is that of Manage's records."""
        self.renderer = renderer
        self.store, self.switches = renderer.store, renderer.switches
        self.grow = grow
        self.clock = clock
        self.lost: dict[str, set[int]] = defaultdict(set)
        self.ways: dict[str, Way] = {
            "update": self._update,
            "update_inside": self._inside,
            "add": self._add,
            "remove": lambda change: self._table(change).remove(change.key),
            "undelete": self._undelete,
            "merge": self._merge,
            "hide": lambda change: self._seen(change, Table.hide),
            "restore": lambda change: self._seen(change, Table.restore),
            "lose": self._lose,
            "regain": self._regain,
            "accept_lead": self._accept,
            "add_note": self._note,
            "convert": self._convert,
            "rename_matter_type": self._rename,
        }

    def check(self, change: Change) -> None:
        """Raise KeyError where there is no such operation or collection."""
        known = self.store.tables.keys() | self.grow.tables.keys()
        if change.operation not in self.ways or change.collection not in known:
            raise KeyError(change.operation, change.collection)

    def apply(self, change: Change) -> Row:
        """Apply a change and return the record; of `lose` and `regain` the ids, under `ids`.

        Raise KeyError where there is no such record, and ValueError where a share is not between
        0 and 1, a contact is merged with itself, or a lead was accepted or a matter pushed before.
        """
        return self.ways[change.operation](change)

    def stamp(self, change: Change) -> int:
        """Return the moment that a change is stamped with."""
        if change.stamp is not None:
            return change.stamp
        now = self.clock.now()
        return now if self.switches.milliseconds else now - now % 1000

    def _table(self, change: Change) -> Table:
        store = self.grow if change.collection in self.grow.tables else self.store
        return store[change.collection]

    def _row(self, change: Change) -> Row:
        return self._table(change).rows[change.key]

    def _add(self, change: Change) -> Row:
        table, stamp = self._table(change), self.stamp(change)
        row = {"id": table.next_id(), "created_at": stamp, "updated_at": stamp, **change.fields}
        table.put(row)
        return row

    def _update(self, change: Change) -> Row:
        row = self._row(change)
        new = {**row, **change.fields}
        new = {key: value for key, value in new.items() if value is not None}
        if not change.silent and "updated_at" not in change.fields:
            new["updated_at"] = self.stamp(change)
        # The etag is made of `_v`, so what keeps the etag must keep what it was made of.
        version = row.get("_v") or row.get("updated_at", 0)
        new["_v"] = version if change.keep_etag else f"{version}+"
        self._table(change).put(new)
        return new

    def _inside(self, change: Change) -> Row:
        array, child = change.inside
        stamp = self.stamp(change)
        entries = [
            {**entry, "updated_at": stamp, **change.fields} if entry.get("id") == child else entry
            for entry in self._row(change)[array]
        ]
        moves = f"{change.collection}.{array}" not in self.switches.silent_relations
        silent = not (moves and self.switches.child_moves_updated_at)
        keep = not (moves and self.switches.child_moves_etag)
        return self._update(replace(change, fields={array: entries}, silent=silent, keep_etag=keep))

    def _undelete(self, change: Change) -> Row:
        row = self._table(change).undelete(change.key)
        return row if change.silent else self._update(change)

    def _merge(self, change: Change) -> Row:
        """Move what pointed at the loser, hidden records too; a client's heir is a client."""
        table = self._table(change)
        winner, loser = self._row(change), table.rows[change.loser]
        if winner is loser:
            message = f"{change.key} cannot be merged with itself"
            raise ValueError(message)
        merge = RecordMerge(self.renderer, change.collection, winner, loser)
        table.remove(change.loser)
        table.heirs[change.loser] = change.key
        stamped = replace(change, stamp=self.stamp(change))
        moving = replace(stamped, silent=not self.switches.merge_moves_children)
        for name, other in self.store.tables.items():
            for row in list(other.rows.values()):
                fields = merge.fields(name, row)
                if fields:
                    self._update(replace(moving, collection=name, id=row["id"], fields=fields))
        if loser.get("is_client") and not winner.get("is_client"):
            self._update(replace(stamped, fields={"is_client": True}))
        return self._row(change)

    def _seen(self, change: Change, do: Callable[[Table, int], None]) -> Row:
        row = self._row(change)
        do(self._table(change), change.key)
        return row

    def _lose(self, change: Change) -> Row:
        table = self._table(change)
        seen = [int(row["id"]) for row in table.after(-1)]
        chance = Random(f"{change.seed} {change.collection}")  # noqa: S311 - repeatable on purpose
        lost = sorted(chance.sample(seen, round(change.share * len(seen))))
        for key in lost:
            table.hide(key)
        self.lost[change.collection].update(lost)
        return {"ids": lost}

    def _regain(self, change: Change) -> Row:
        table = self._table(change)
        shown = sorted(self.lost.pop(change.collection, ()))
        for key in shown:
            table.restore(key)
        return {"ids": [key for key in shown if key in table.rows]}

    def _added(self, change: Change, collection: str, **fields: Any) -> Row:  # noqa: ANN401 - any value of a row
        given = {name: value for name, value in fields.items() if value is not None}
        return self._add(replace(change, collection=collection, id=None, fields=given))

    def _updated(
        self, change: Change, collection: str, key: int, fields: Row, *, moves: bool = True
    ) -> Row:
        return self._update(
            replace(change, collection=collection, id=key, fields=fields, silent=not moves)
        )

    def _accept(self, change: Change) -> Row:
        """Take a lead out of the inbox; its contact and matter are made, the matter is returned."""
        lead = self.grow[LEADS].rows[change.key]
        if lead.get("state") == "accepted":
            message = f"lead {change.key} was accepted before"
            raise ValueError(message)
        self._updated(change, LEADS, change.key, {"state": "accepted"})
        parts = {name: lead.get(name) for name in ("first_name", "last_name")}
        contact = self._added(
            change,
            CONTACTS,
            **parts,
            name=" ".join(filter(None, parts.values())),
            type="Person",
            status="Intake",
            emails=list(filter(None, [lead.get("email")])),
            phone_numbers=list(filter(None, [lead.get("phone_number")])),
        )
        chosen = {
            name: self.grow[table(choices)].rows.get(lead.get(field, 0), {}).get("name")
            for name, field, choices in (
                ("type", "matter_type", "matter_types"),
                ("location", "matter_location", "locations"),
            )
        }
        status = {"status": "Newly Added", "status_category": "intake"}
        links = {"client": contact["id"], "inbox_lead_id": lead["id"]}
        return self._added(change, MATTERS, **links, **chosen, **status)

    def _note(self, change: Change) -> Row:
        """Add a note to a contact or matter; a switch says whether that moves it."""
        parent = self._row(change)
        child = next(name for name, of in PARENTS.items() if table(of) == change.collection)
        if self.switches.grow_note_moves_parent:
            self._updated(change, change.collection, change.key, {})
        return self._added(change, table(child), **{**change.fields, "_parent": parent["id"]})

    def _convert(self, change: Change) -> Row:
        """Push a matter, and its client where that was not done, to Manage."""
        matter = self.grow[MATTERS].rows[change.key]
        if "clio_id" in matter:
            message = f"matter {change.key} is in Manage already"
            raise ValueError(message)
        client = self.grow[CONTACTS].rows[matter["client"]]
        moves = self.switches.grow_convert_moves_updated_at
        if "clio_id" not in client:
            copied = {n: client.get(n) for n in ("type", "name", "first_name", "last_name")}
            twin = self._added(change, "contacts", **copied, is_client=True, currency=1)
            linked = {"clio_id": twin["id"]}
            client = self._updated(change, CONTACTS, client["id"], linked, moves=moves)
        number = len(self.store["matters"]) + 1
        named = {"number": number, "display_number": f"{number:05}-{client['name'][:40]}"}
        named |= {"description": matter.get("description"), "client": client["clio_id"]}
        fixed = {"status": "Open", "billable": True, "currency": 1}
        twin = self._added(change, "matters", **named, client_id=client["clio_id"], **fixed)
        return self._updated(change, MATTERS, change.key, {"clio_id": twin["id"]}, moves=moves)

    def _rename(self, change: Change) -> Row:
        """Rename a matter type; a switch says what that does to the matters that name it."""
        old, new = self.grow[TYPES].rows[change.key]["name"], change.fields["name"]
        renamed = self._updated(change, TYPES, change.key, {"name": new})
        if self.switches.grow_rename != "kept":
            moves = self.switches.grow_rename == "stamped"
            matters = self.grow[MATTERS].rows.values()
            for key in [row["id"] for row in matters if row.get("type") == old]:
                self._updated(change, MATTERS, key, {"type": new}, moves=moves)
        return renamed
