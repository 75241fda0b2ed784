"""The plan as a file, and the body of each PATCH in it. What is pushed is this file, as it is.

It is canonical JSON, named by its hash. A body holds the approved values and nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pendulum

from pipelines.config import ASSERTED
from pipelines.edits import fields, values
from pipelines.edits.fields import FieldRef, Unreadable
from pipelines.edits.values import JsonScalar
from pipelines.errors import EditRefusedError
from pipelines.files import replace_durably
from pipelines.ledger.canonical import SHORT, canonical, digest, read, sha256
from pipelines.ledger.errors import NoPlanError, PlanError
from pipelines.release import PACKAGE, release
from pipelines.warehouse import PRIVATE
from sources.clio_manage.writable import CUSTOM

Change = tuple[FieldRef, JsonScalar]
"""A field and its new value."""
FORMAT = 2
OLDER = 1
"""The format before approvals had levels; its plans are read, shown and pushed as they are."""
ADDED = ("approval", "meaning", "names")
"""What plans of that format do not have."""
LONGEST = 7
"""Days that a plan is valid at most, whatever it says."""
FOLDER = "plans"
_FEWEST = 6
"""A plan is named by at least so many digits of its hash."""


@dataclass(frozen=True)
class PlannedEdit:
    """One field of one record: what Clio has now, what was approved to be there, and why."""

    edit_id: str
    field: str
    base: JsonScalar
    new_value: JsonScalar
    reason: str
    author: str

    @property
    def kept(self) -> dict[str, JsonScalar]:
        """Return what the file holds of it; there the new value is called `new`."""
        kept = dict(vars(self))
        kept["new"] = kept.pop("new_value")
        return kept

    @property
    def content(self) -> str:
        """Return the hash of what an approver judges."""
        return digest(self.kept)


@dataclass(frozen=True)
class PlannedRecord:
    """One PATCH: the record as it was read, and the exact text that is sent.

    `fields` is what the answer is asked to show; `context` what a person sees beside the change,
    `risks` what the approver is to say a word about, and `notes` what else happens.
    """

    resource: str
    record_id: str
    label: str
    etag: str
    fields: str
    context: Mapping[str, JsonScalar]
    edits: tuple[PlannedEdit, ...]
    body: str
    body_sha256: str
    risks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Return the collection and the id."""
        return self.resource, self.record_id


@dataclass(frozen=True)
class Plan:
    """Everything that a push does, frozen. Moments are texts in UTC; `guards` are the limits.

    `meaning` is what the ids of custom fields, options and stages meant, and `names` the names of
    what the records point at, both by `collection/id`.
    """

    format: int
    tool: str
    account: str
    region: str
    host: str
    author: str
    author_login: str
    created_at: str
    expires_at: str
    policy: str
    guards: Mapping[str, JsonScalar]
    records: tuple[PlannedRecord, ...]
    approval: str = ASSERTED
    meaning: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def text(self) -> str:
        """Return the text of the file."""
        records = [
            {**vars(one), "edits": [edit.kept for edit in one.edits]} for one in self.records
        ]
        kept = {**asdict(self), "records": records}
        if self.format == OLDER:
            kept = {name: value for name, value in kept.items() if name not in ADDED}
            for record in records:
                del record["risks"], record["notes"]
        return canonical(kept) + "\n"

    @cached_property
    def hash(self) -> str:
        """Return the SHA-256 of the file, which approvals name."""
        return sha256(self.text)

    @property
    def short(self) -> str:
        """Return the first digits of the hash, by which people name the plan."""
        return self.hash[:SHORT]

    @property
    def edits(self) -> tuple[PlannedEdit, ...]:
        """Return every edit of the plan, in the order in which they are sent."""
        return tuple(edit for record in self.records for edit in record.edits)

    @property
    def ends_at(self) -> str:
        """Return the moment from which on it is too old, after seven days at the latest."""
        return min(self.expires_at, stamp(moment(self.created_at).add(days=LONGEST)))

    def is_over(self, now: pendulum.DateTime) -> bool:
        """Return whether it is too old to be approved or pushed."""
        return now >= moment(self.ends_at)


def tool() -> str:
    """Return the name and version of this program."""
    return f"{PACKAGE} {release()}".strip()


def moment(text: str) -> pendulum.DateTime:
    """Read a moment that `stamp` wrote."""
    return pendulum.from_format(text, "YYYY-MM-DD[T]HH:mm:ss[Z]", tz="UTC")


def stamp(at: pendulum.DateTime) -> str:
    """Write a moment in UTC."""
    return at.in_timezone("UTC").format("YYYY-MM-DD[T]HH:mm:ss[Z]")


def path_of(folder: Path, plan_hash: str) -> Path:
    """Return where a plan lies in a data folder."""
    return folder / FOLDER / f"{plan_hash[:SHORT]}.json"


def write(folder: Path, plan: Plan) -> Path:
    """Write a plan, durable and whole when this returns, and return its path."""
    path = path_of(folder, plan.hash)
    path.parent.mkdir(mode=PRIVATE, exist_ok=True)
    replace_durably(path, plan.text)
    return path


def find(folder: Path, named: str) -> Path:
    """Find the file of a plan that is named by its path, or by the beginning of its hash.

    Raises:
        NoPlanError: there is none, or there are several.

    """
    given = Path(named)
    if given.suffix == ".json" and given.is_file():
        return given
    is_hash = _FEWEST <= len(named) <= len(sha256("")) and set(named) <= set("0123456789abcdef")
    found = sorted((folder / FOLDER).glob(f"{named[:SHORT]}*.json")) if is_hash else []
    if len(found) != 1:
        message = "there is no such plan" if not found else "several plans begin so"
        raise NoPlanError(message)
    return found[0]


def load(path: Path) -> Plan:
    """Read a plan and prove that it is, byte by byte, what was written under this hash.

    Raises:
        PlanError: it is not.

    """
    try:
        text = path.read_bytes().decode()
        plan = _plan(read(text))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        message = f"{path.name} is not a plan"
        raise PlanError(message) from None
    if plan.format not in {OLDER, FORMAT}:
        message = f"{path.name} was written by another version of clio-sync"
        raise PlanError(message)
    if plan.text != text or path.stem != plan.short:
        message = f"{path.name} was changed after it was written"
        raise PlanError(message)
    if any(sha256(one.body) != one.body_sha256 for one in plan.records):
        message = f"{path.name} holds a body that is not the one that was planned"
        raise PlanError(message)
    return plan


def _plan(found: Mapping[str, Any]) -> Plan:
    plan = Plan(**found)
    return replace(plan, records=tuple(_record(one) for one in found["records"]))


def _record(found: Mapping[str, Any]) -> PlannedRecord:
    record = PlannedRecord(**found)
    edits = tuple(_edit(dict(one)) for one in found["edits"])
    return replace(
        record,
        edits=edits,
        risks=tuple(found.get("risks", ())),
        notes=tuple(found.get("notes", ())),
    )


def _edit(found: dict[str, Any]) -> PlannedEdit:
    return PlannedEdit(new_value=found.pop("new"), **found)


def body_of(changes: Sequence[Change], record: Mapping[str, Any]) -> str:
    """Return the text to send that gives fields of a record, as it was read, their new values.

    An element of an array is named by its id, the value of a custom field by its own, or by that
    of the field where it has none yet. Money and hours are numbers written digit by digit.

    Raises:
        EditRefusedError: the record has no such element.

    """
    data: dict[str, Any] = {}
    for ref, value in changes:
        if ref.custom:
            data.setdefault(CUSTOM, []).append(_custom(ref, value, record))
        elif ref.element:
            _element(data.setdefault(ref.array, []), ref, value, record)
        else:
            _plain(data, ref, value)
    for ref, _ in changes:
        _with_type(data, ref, record)
    return _written({"data": data})


def names(changes: Iterable[Change]) -> set[str]:
    """Return the fields at the top of the body that these changes make."""
    return {ref.path[0] for ref, _ in changes}


def _plain(data: dict[str, Any], ref: FieldRef, value: JsonScalar) -> None:
    *outer, last = ref.path
    for name in outer:
        data = data.setdefault(name, {})
    data[last] = _value(ref, value)


def _with_type(data: dict[str, Any], ref: FieldRef, record: Mapping[str, Any]) -> None:
    """Add to an id the type of record that it points at, as Clio shows it, unless that changes."""
    if not ref.companion or ref.path == ref.companion:
        return
    top, name = ref.companion
    there = record.get(top)
    kind = there.get(name) if isinstance(there, Mapping) else None
    if kind is not None:
        data[top].setdefault(name, kind)


def _value(ref: FieldRef, value: JsonScalar) -> JsonScalar | Decimal:
    if ref.kind == fields.NUMBER and isinstance(value, str):
        return Decimal(value)
    return value


def _element(
    entries: list[dict[str, Any]], ref: FieldRef, value: JsonScalar, record: Mapping[str, Any]
) -> None:
    if isinstance(values.read(ref, record), Unreadable):
        message = f"the record has no {ref.text} that could be changed"
        raise EditRefusedError(message)
    key = int(ref.element)
    entry = next((one for one in entries if one["id"] == key), None)
    if entry is None:
        entry = {"id": key}
        entries.append(entry)
    entry[ref.path[1]] = _value(ref, value)


def _custom(ref: FieldRef, value: JsonScalar, record: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(values.read(ref, record), Unreadable):
        # without knowing what is there, a second value could be made beside it
        message = f"Clio does not show {ref.text} of this record"
        raise EditRefusedError(message)
    key = _value_id(ref, record)
    if value is None:
        if key is None:
            message = f"{ref.text} has no value that could be taken away"
            raise EditRefusedError(message)
        return {"id": key, "_destroy": True}
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if key is None:
        return {"custom_field": {"id": int(ref.element)}, "value": text}
    return {"id": key, "value": text}


def _value_id(ref: FieldRef, record: Mapping[str, Any]) -> str | int | None:
    """Find the id of the value that a record has of a custom field.

    Raises:
        EditRefusedError: it has several, so that nobody can tell which one is meant.

    """
    mine = [
        entry
        for entry in record.get(CUSTOM) or ()
        if str((entry.get("custom_field") or {}).get("id")) == ref.element
    ]
    if len(mine) > 1:
        message = f"the record has several values of {ref.text}"
        raise EditRefusedError(message)
    key: str | int | None = mine[0].get("id") if mine else None
    return key


def _written(value: object) -> str:
    """Write JSON in one way, decimals digit by digit, which `canonical` leaves to its caller."""
    if isinstance(value, Mapping):
        parts = (f"{canonical(name)}:{_written(value[name])}" for name in sorted(value))
        return "{" + ",".join(parts) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return f"{value:f}" if isinstance(value, Decimal) else canonical(value)
