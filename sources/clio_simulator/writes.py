"""Writes through Manage's API: conditions and refusals first, then one change to the records.

What is changed goes through `Changes`, as a change from the control interface does. What a write
leaves behind for later, copies that arrive again and old versions still shown, ends after some
seconds of the simulator's clock, or after a number of further requests.
"""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Literal

from sources.clio_http.catalog import ARRAY

from . import bodies, effects, storing, values
from .answers import Refusal, forbidden, not_found
from .changes import Change, Changes
from .effects import normalised
from .filters import check_rows, hidden
from .render import INNER_SCHEMAS, Renderer
from .store import Row, check_if_match
from .storing import Storing, ValuePlace
from .values import SimulatedClock

CREATED, DONE = 201, 200
MOST_ENTRIES = 20
LIMITED = ("addresses", "email_addresses", "phone_numbers")


@dataclass(frozen=True)
class LoggedWrite:
    """One write: what was asked, by its fingerprint, and whether the records were changed.

    `applied` is false where it was refused, changed nothing, or was never carried out.
    `etag_before` and `etag_after` are the record's before and after it, empty where there is none.
    `again` is the number of the write that this delayed copy repeats. `at` is in milliseconds
    since 1970.
    """

    number: int
    at: int
    method: str
    collection: str
    path: str
    id: int
    if_match: str | None
    body_sha256: str
    status: int
    applied: bool
    etag_before: str
    etag_after: str
    again: int = 0


@dataclass(frozen=True)
class Command:
    """A write as it arrived: `key` is the id in the path, 0 where a record is to be made.

    `user` is whose token it came with; `again` is the number of the write that this one repeats.
    """

    method: str
    collection: str
    path: str
    key: int
    body: bytes
    if_match: str | None
    user: int = 0
    again: int = 0


class Writer:
    """Carry writes out, and keep a log of them."""

    def __init__(self, changes: Changes, renderer: Renderer) -> None:
        """Begin with nothing written."""
        self.changes = changes
        self.renderer = renderer
        self.store, self.switches = renderer.store, renderer.switches
        self.operations = values.data("bodies")
        self.storing = Storing(renderer)
        self.log: list[LoggedWrite] = []

    def carry_out(self, command: Command) -> Row:
        """Carry a write out and return the record, empty where it was deleted."""
        before = self._tag(command.collection, command.key)
        ways = {"PATCH": self._patch, "POST": self._create, "DELETE": self._remove}
        try:
            row, status, applied = ways[command.method](command)
        except Refusal as refused:
            self.note(command, refused.status, before=before)
            raise
        made = replace(command, key=int(row.get("id", command.key)))
        self.note(made, status, applied=applied, before=before)
        return row

    def note(
        self, command: Command, status: int, *, applied: bool = False, before: str | None = None
    ) -> LoggedWrite:
        """Put a write into the log; without `before`, it never came to the record."""
        after = self._tag(command.collection, command.key)
        written = LoggedWrite(
            number=len(self.log) + 1,
            at=self.changes.clock.now(),
            method=command.method,
            collection=command.collection,
            path=command.path,
            id=command.key,
            if_match=command.if_match,
            body_sha256=sha256(command.body).hexdigest(),
            status=status,
            applied=applied,
            etag_before=after if before is None else before,
            etag_after=after,
            again=command.again,
        )
        self.log.append(written)
        return written

    def row(self, collection: str, key: int) -> Row | None:
        """Return a record as it is now, hidden or not."""
        if collection in INNER_SCHEMAS:
            return storing.find_inner(self.store, collection, key)[0]
        return self.store[collection].rows.get(key)

    def _tag(self, collection: str, key: int) -> str:
        row = self.row(collection, key)
        return self.renderer.etag(collection, row) if row else ""

    def _seen(self, command: Command) -> Row:
        """Return the record that a write is meant for, if the caller may see and write it."""
        check_rows(command.collection, self.switches)
        row = self.row(command.collection, command.key)
        if row is None:
            raise not_found()
        table = self.store.tables.get(command.collection)
        if table is not None and command.key in table.hidden:
            raise forbidden() if self.switches.hidden_answer == 403 else not_found()
        return row

    def _check_allowed(self, command: Command) -> None:
        if command.collection in self.switches.read_only:
            raise forbidden()

    def _patch(self, command: Command) -> tuple[Row, int, bool]:
        name, key, row = command.collection, command.key, self._seen(command)
        self._check_allowed(command)
        data = self._data(command)
        if hidden(name, self.switches) & set(data):
            raise forbidden()
        check_if_match(command.if_match, self._tag(name, key), name, self.switches)
        effects.check_allowed(name, row, data, self.switches)
        linked = self._linked(command, data)
        fields = self._fields(command, row, data)
        changed = {field: value for field, value in fields.items() if row.get(field) != value}
        if not changed and not linked:
            return row, DONE, False
        for each in linked:
            self.changes.do(each)
        if name in INNER_SCHEMAS:
            self.changes.do(storing.change_inner(self.store, name, key, changed, self._now()))
        else:
            silent, keep = self._quiet(name, changed, linked=bool(linked))
            self.changes.update(name, key, changed, silent=silent, keep_etag=keep)
        return self.row(name, key) or {}, DONE, True

    def _create(self, command: Command) -> tuple[Row, int, bool]:
        self._check_allowed(command)
        data = self._data(command)
        effects.check_allowed(command.collection, {}, data, self.switches)
        linked = self._linked(command, data)
        fields = self._fields(command, {}, data)
        now = self._now()
        more = effects.defaults(command.collection, self.store, fields, command.user, now)
        fields = {name: value for name, value in (more | fields).items() if value is not None}
        row = self.changes.add(command.collection, fields)
        for each in linked:
            self.changes.do(replace(each, fields={**each.fields, "matter": row["id"]}))
        return row, CREATED, True

    def _linked(self, command: Command, data: Row) -> list[Change]:
        """Take the relationships of a matter out of a body, as changes to records of their own."""
        if command.collection != "matters" or storing.RELATIONSHIPS not in data:
            return []
        return storing.linked(self.store, command.key, data.pop(storing.RELATIONSHIPS) or [])

    def _remove(self, command: Command) -> tuple[Row, int, bool]:
        row = self._seen(command)
        self._check_allowed(command)
        status = self.operations[command.collection]["delete"]
        if status == DONE or self.switches.delete_checks_if_match:
            tag = self._tag(command.collection, command.key)
            check_if_match(command.if_match, tag, command.collection, self.switches)
        name, key = command.collection, command.key
        fields = effects.remains(name, self.store, row, self._now())
        if name in INNER_SCHEMAS:
            self.changes.do(storing.change_inner(self.store, name, key, None, self._now()))
        elif fields is None:
            self.changes.remove(name, key)
        elif row.get("deleted_at") or row.get("deleted"):
            raise not_found()
        else:
            row = self.changes.update(name, key, fields)
        return (row if status == DONE else {}), status, True

    def _data(self, command: Command) -> Row:
        """Read the body: what is known of it, as the server understands it."""
        shape = self.operations[command.collection][command.method.lower()]
        data = bodies.read(command.body)
        strange = sorted(set(data) - set(shape["inside"]))
        if strange and self.switches.unknown_body_fields == "refuse":
            raise Refusal(422, f"unknown fields: {', '.join(strange)}")
        data = bodies.accepted(shape, data, creates=command.method == "POST")
        rules, ignored = self.switches.normalise, self.switches.ignored_fields
        return {
            name: normalised(value, rules, name)
            for name, value in data.items()
            if command.method == "POST" or f"{command.collection}.{name}" not in ignored
        }

    def _fields(self, command: Command, row: Row, data: Row) -> Row:
        """Return the fields of the row that are written, and those that change along."""
        shape = self.operations[command.collection][command.method.lower()]
        now = self._now()
        schema = self.renderer.names[command.collection]
        place = ValuePlace(command.collection, row, schema, shape, now)
        fields = self.storing.fields(place, row, data)
        for name in LIMITED:
            if len(fields.get(name) or ()) > MOST_ENTRIES:
                raise Refusal(422, f"{name} can have at most {MOST_ENTRIES} entries")
        write = effects.Written(row, fields, data, now, self.switches)
        return fields | effects.along(command.collection, write)

    def _now(self) -> int:
        """Return the moment that a write is stamped with."""
        return self.changes.applier.stamp(Change("update", ""))

    def _quiet(self, collection: str, changed: Row, *, linked: bool) -> tuple[bool, bool]:
        """Tell whether `updated_at` and the etag stay, since only entries have changed."""
        described = self.renderer.schemas[self.renderer.names[collection]]
        arrays = {name for name in changed if described.get(name, {}).get("type") == ARRAY}
        if set(changed) - arrays - effects.COPIES:
            return False, False
        relations = arrays | {storing.RELATIONSHIPS} if linked else arrays
        silent = {f"{collection}.{name}" for name in relations} <= self.switches.silent_relations
        return (
            silent or not self.switches.child_moves_updated_at,
            silent or not self.switches.child_moves_etag,
        )


@dataclass(frozen=True)
class Wrote:
    """A write that has been logged: as it arrived, its number, and the record as it was before."""

    command: Command
    number: int
    old: Row | None


@dataclass
class Until:
    """A moment in milliseconds since 1970, or a number of further requests; the first one counts.

    None leaves either out.
    """

    moment: int | None = None
    requests: int | None = None

    def due(self, now: int) -> bool:
        """Tell whether it has come."""
        return self.requests == 0 or (self.moment is not None and self.moment <= now)


@dataclass(frozen=True)
class Shown:
    """An old version of a record, and where it is still shown."""

    row: Row
    until: Until
    lists: bool
    items: bool


@dataclass
class Later:
    """Keep what comes later."""

    clock: SimulatedClock
    writer: Writer
    copies: list[tuple[Until, Command]] = field(default_factory=list)
    old: dict[tuple[str, int], Shown] = field(default_factory=dict)

    def until(self, seconds: float | None, requests: int | None) -> Until:
        """Return what ends after so many seconds from now, or so many requests after this one."""
        moment = None if seconds is None else self.clock.now() + round(seconds * 1000)
        return Until(moment, None if requests is None else requests + 1)

    def shown(self, collection: str, row: Row, where: Literal["lists", "items"]) -> Row:
        """Return the version of a record that lists show, or its own address."""
        old = self.old.get((collection, row["id"]))
        return old.row if old is not None and getattr(old, where) else row

    def settle(self, now: int) -> None:
        """Do what is due at `now`; the log shows a copy that is refused, nobody waits for it."""
        self.old = {place: shown for place, shown in self.old.items() if not shown.until.due(now)}
        for entry in [entry for entry in self.copies if entry[0].due(now)]:
            self.copies.remove(entry)
            with suppress(Refusal):
                self.writer.carry_out(entry[1])

    def answered(self) -> None:
        """Count one more request, and do what that makes due."""
        waiting = [until for until, _ in self.copies] + [old.until for old in self.old.values()]
        for until in waiting:
            if until.requests is not None:
                until.requests -= 1
        self.settle(self.clock.now())
