"""Fields of a record: how edits name them, and where in Clio's JSON their values stand.

Such as `status`, `responsible_attorney.id`, `phone_numbers[456].number`,
`custom_field_values[123]`.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pipelines.errors import EditRefusedError
from sources.clio_http.catalog import Catalog, Collection
from sources.clio_manage.writable import COLLECTIONS, CUSTOM, Editable, editables

TEXT, LINE, EMAIL, URL = "text", "line", "email", "url"
INTEGER, NUMBER, BOOLEAN = "integer", "number", "boolean"
DATE, MOMENT, TIME = "date", "moment", "time"
CHOICE, REFERENCE, OPTION = "choice", "reference", "option"
MONEY, SECONDS, COUNT = "money", "seconds", "count"
"""What the numbers of a field are, where it is known."""

KINDS = {
    "VARCHAR": TEXT,
    "BIGINT": INTEGER,
    "DOUBLE": NUMBER,
    "DECIMAL": NUMBER,
    "BOOLEAN": BOOLEAN,
    "DATE": DATE,
    "TIMESTAMPTZ": MOMENT,
}
"""The kind of a field by its column type."""

CUSTOM_KINDS = {
    "checkbox": BOOLEAN,
    "contact": REFERENCE,
    "currency": NUMBER,
    "date": DATE,
    "email": EMAIL,
    "matter": REFERENCE,
    "numeric": NUMBER,
    "picklist": OPTION,
    "text_area": TEXT,
    "text_line": LINE,
    "time": TIME,
    "url": URL,
}
"""The kind of a custom field by its type."""

EMAILS = frozenset({"email_addresses[].address"})
PHONES = frozenset({"phone_numbers[].number"})
UNITS = {"activities.price": MONEY}
CUSTOM_UNITS = {"currency": MONEY}
PARENT_TYPES = {"matters": "Matter", "contacts": "Contact"}
CUSTOM_PARTS = ("id", "value", "field_type", "custom_field", "picklist_option")

_FIELD = re.compile(r"(?P<name>[a-z_]+)(?:\[(?P<element>.*)\])?(?:\.(?P<part>[a-z_]+))?", re.DOTALL)


@dataclass(frozen=True)
class Option:
    """One option of a pick list."""

    id: int
    label: str
    deleted: bool = False


@dataclass(frozen=True)
class EditableCustomField:
    """A custom field as the firm defined it; `parent_type` is Matter or Contact."""

    id: int
    name: str
    parent_type: str
    field_type: str
    required: bool = False
    deleted: bool = False
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class FieldRef:
    """One field of the records of a collection, in its canonical spelling `text`.

    `path` leads to it in the body that is sent and `read` in the record that is read; where
    `element` is not empty, the first name of both is an array, and the element is the one with
    that id, or, for a custom field, the value of the field with that id. `targets` are pairs of
    a type ("" where there is but one) and the collection that a reference points at, and
    `companion` the path of that type. `flag` names the field that says that a null is hidden;
    `unit` is what its numbers are.
    """

    resource: str
    text: str
    kind: str
    path: tuple[str, ...]
    read: tuple[str, ...]
    element: str = ""
    choices: tuple[str, ...] = ()
    targets: tuple[tuple[str, str], ...] = ()
    companion: tuple[str, ...] = ()
    may_be_empty: bool = True
    custom: EditableCustomField | None = None
    flag: str = ""
    unit: str = ""

    @property
    def pattern(self) -> str:
        """Return the name of the field with `[]` in the place of an element's id."""
        return self.text.replace(f"[{self.element}]", "[]") if self.element else self.text

    @property
    def array(self) -> str:
        """Return the name of the array that the field is in; empty where it is in none."""
        return self.path[0] if self.element else ""


def parse(
    catalog: Catalog, resource: str, text: str, custom_fields: Sequence[EditableCustomField] = ()
) -> FieldRef:
    """Find the field that a person or a file names.

    A custom field may be named by its id or by its name.

    Raises:
        EditRefusedError: there is no such field, or it is never written; the message lists the
            valid ones.

    """
    known = editables(catalog, resource)
    if not known:
        valid = ", ".join(sorted(COLLECTIONS))
        message = (
            f"records of {plain_name(resource)} cannot be edited; those that can are of {valid}"
        )
        raise EditRefusedError(message)
    found = _FIELD.fullmatch(text.strip())
    if found is None:
        raise _unknown(resource, text, known)
    name, element, part = found["name"], found["element"], found["part"]
    pattern = name + ("[]" if element is not None else "") + (f".{part}" if part else "")
    editable = known.get(pattern)
    if editable is None:
        raise _unknown(resource, text, known)
    flag = flag_of(catalog.collections[resource], [name])
    if name == CUSTOM:
        return _custom(resource, element or "", custom_fields)
    if element is not None and not re.fullmatch(r"[0-9]{1,18}", element.strip()):
        message = (
            f"{resource}: {pattern} needs the id of an element that the record has, such as"
            f" {pattern.replace('[]', '[123]')}; a new element is never made"
        )
        raise EditRefusedError(message)
    chosen = str(int(element)) if element else ""
    spelled = pattern.replace("[]", f"[{chosen}]")
    return _ref(resource, spelled, editable, chosen, flag)


def _ref(resource: str, spelled: str, editable: Editable, element: str, flag: str) -> FieldRef:
    kind = KINDS[editable.type]
    if editable.choices:
        kind = CHOICE
    elif editable.targets:
        kind = REFERENCE
    elif editable.pattern in EMAILS:
        kind = EMAIL
    return FieldRef(
        resource,
        spelled,
        kind,
        editable.path,
        editable.read,
        element,
        editable.choices,
        editable.targets,
        editable.companion,
        editable.may_be_empty,
        flag=flag,
        unit=UNITS.get(f"{resource}.{editable.pattern}", ""),
    )


def flag_of(collection: Collection, names: Iterable[str]) -> str:
    """Return the field that says whether a null of some fields is hidden; empty if none does."""
    redaction = collection.redaction
    return redaction.flag if redaction and set(names) & set(redaction.flagged) else ""


def _custom(resource: str, named: str, custom_fields: Sequence[EditableCustomField]) -> FieldRef:
    field = _custom_field(resource, named, custom_fields)
    points_at = {"contact": (("", "contacts"),), "matter": (("", "matters"),)}
    return FieldRef(
        resource,
        f"{CUSTOM}[{field.id}]",
        CUSTOM_KINDS[field.field_type],
        (CUSTOM, "value"),
        (CUSTOM, "value"),
        str(field.id),
        targets=points_at.get(field.field_type, ()),
        may_be_empty=not field.required,
        custom=field,
        unit=CUSTOM_UNITS.get(field.field_type, ""),
    )


def _custom_field(
    resource: str, named: str, custom_fields: Sequence[EditableCustomField]
) -> EditableCustomField:
    """Find a custom field by its id, by its name, or by its name in other case."""
    mine = [field for field in custom_fields if field.parent_type == PARENT_TYPES.get(resource)]
    wanted = _composed(named)
    found = [field for field in mine if str(field.id) == wanted] or _living(
        [field for field in mine if _composed(field.name) == wanted]
        or [f for f in mine if _composed(f.name).casefold() == wanted.casefold()]
    )
    if len(found) > 1:
        ids = ", ".join(f"{CUSTOM}[{field.id}]" for field in found)
        message = f"{resource}: several custom fields have this name; name one by its id: {ids}"
        raise EditRefusedError(message)
    if not found:
        valid = ", ".join(f"{plain_name(f.name)} [{f.id}]" for f in _living(mine)) or "none"
        message = f"{resource}: there is no such custom field; valid are {valid}"
        raise EditRefusedError(message)
    if found[0].deleted:
        message = f"{resource}: the custom field {found[0].id} is deleted in Clio"
        raise EditRefusedError(message)
    if found[0].field_type not in CUSTOM_KINDS:
        message = f"{resource}: the custom field {found[0].id} is of a type that is not known here"
        raise EditRefusedError(message)
    return found[0]


def _composed(name: str) -> str:
    """Return a name with single spaces, each letter one character with its accents."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def _living(fields: Sequence[EditableCustomField]) -> list[EditableCustomField]:
    """Leave out what is deleted, unless all of it is."""
    return [field for field in fields if not field.deleted] or list(fields)


def _unknown(resource: str, text: str, known: Iterable[str]) -> EditRefusedError:
    valid = ", ".join(pattern.replace("[]", "[id]") for pattern in sorted(known))
    message = f"{resource}: {plain_name(text)} is not a field that may be edited; valid are {valid}"
    return EditRefusedError(message)


def plain_name(text: str) -> str:
    """Shorten a name for a message, without control characters."""
    shown = "".join(char for char in text if char.isprintable())
    return shown if len(shown) <= 60 else f"{shown[:57]}..."  # noqa: PLR2004 - a line's share


def request_fields(
    refs: Iterable[FieldRef],
    context: Iterable[str] = (),
    hidden: AbstractSet[tuple[str, ...]] = frozenset(),
    flag: str = "",
) -> str:
    """Return the `fields` parameter that reads what these fields need.

    `context` are further names to read, such as `display_number` or `client.name`. The id, the
    etag and `updated_at` are always read unless they are `hidden`, and for a reference its type,
    and what says that a value is hidden, for the context the `flag`.
    """
    wanted: dict[str, dict[str, None]] = defaultdict(dict)
    for name in ("id", "etag", "updated_at", flag):
        if name and (name,) not in hidden:
            wanted[name] = {}
    for name in context:
        top, _, part = name.partition(".")
        wanted[top] |= {part: None} if part else {}
    for ref in refs:
        if ref.flag:
            wanted[ref.flag] = {}
        if ref.custom:
            wanted[CUSTOM] |= dict.fromkeys(CUSTOM_PARTS)
        elif ref.element:
            wanted[ref.read[0]] |= dict.fromkeys(("id", ref.read[1]))
        else:
            for path in filter(None, (ref.read, ref.companion)):
                wanted[path[0]] |= dict.fromkeys(path[1:])
    return ",".join(
        f"{name}{{{','.join(parts)}}}" if parts else name for name, parts in wanted.items()
    )


WHICH = frozenset({"id", "etag", "custom_field", "created_at", "updated_at"})
"""Members of an element that tell which one it is, and nothing of what it holds."""


class Unreadable(Enum):
    """Why a record shows no value.

    `ABSENT`: the record does not have this element, or the answer not this field. `REDACTED`: it
    is hidden from this user, so its null says nothing; or what is shown of it is stripped.
    """

    ABSENT = "absent"
    REDACTED = "redacted"


ABSENT, REDACTED = Unreadable.ABSENT, Unreadable.REDACTED


def raw_of(ref: FieldRef, record: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value of a field in a record: any JSON, or why there is none."""
    top = record[ref.read[0]]
    if ref.element:
        return _of_element(ref, top)
    for name in ref.read[1:]:
        if isinstance(top, Mapping) and name == "id" and top.get(name, ABSENT) is None:
            # a reference that is empty is null itself
            return REDACTED
        top = top.get(name, ABSENT) if isinstance(top, Mapping) else None
    return top


def _of_element(ref: FieldRef, top: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return what an element of an array shows. An array that is null is withheld, not empty."""
    if not isinstance(top, list | tuple):
        return REDACTED
    entries = [one for one in top if isinstance(one, Mapping)]
    mine = [one for one in entries if _is_element(ref, one)]
    if mine:
        return REDACTED if _is_stripped(mine[0]) else mine[0].get(ref.read[1], ABSENT)
    if not ref.custom:
        return ABSENT
    # a field without a value is not listed; a value without its field may be of this one
    return REDACTED if any(_is_nameless(one) for one in entries) else None


def _is_nameless(entry: Mapping[str, Any]) -> bool:
    owner = entry.get("custom_field")
    return not isinstance(owner, Mapping) or owner.get("id") is None


def _is_stripped(entry: Mapping[str, Any]) -> bool:
    """Return whether all that an element shows is which one it is: its members are withheld.

    One member alone that is null may be empty.
    """
    values = [value for name, value in entry.items() if name not in WHICH]
    return len(values) > 1 and not any(value is not None for value in values)


def _is_element(ref: FieldRef, element: Mapping[str, Any]) -> bool:
    owner = element.get("custom_field") if ref.custom else element
    return isinstance(owner, Mapping) and str(owner.get("id")) == ref.element
