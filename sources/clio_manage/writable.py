"""What may ever be written to Clio Manage. Configuration can only narrow it.

Money, users, webhooks, creating and deleting are not here, so they cannot be written.
`writable.toml` beside this has the fields that are never written, and what Clio's document says of
writing the others: the choices, the collection that a reference points at, whether it may be
emptied, and the name under which it is read back.
What cannot be read back cannot be compared, so it cannot be written either.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from sources.clio_http.catalog import ARRAY, JSON, OBJECT, Catalog, Collection, Field

COLLECTIONS = frozenset(
    {
        "activities",
        "calendar_entries",
        "communications",
        "contacts",
        "documents",
        "matters",
        "notes",
        "relationships",
        "tasks",
    }
)

NOT_OF_AN_ELEMENT = frozenset({"id", "_destroy", "_deleted", "field_name", "field_type", "type"})
"""Parts of an array's element that tell which one it is, or remove it."""

CUSTOM = "custom_field_values"

_SAID = tomllib.loads(files("sources").joinpath("clio_manage", "writable.toml").read_text("utf-8"))
CHOICES = {name: tuple[str, ...](choices) for name, choices in _SAID["choices"].items()}
TARGETS: dict[str, str] = _SAID["targets"]
TYPED_TARGETS: dict[str, dict[str, str]] = _SAID["typed_targets"]
MAY_BE_EMPTIED = frozenset[str](_SAID["may_be_emptied"])
REQUIRED = frozenset[str](_SAID["required"])
NEVER = {name: frozenset[str](fields) for name, fields in _SAID["never"].items()}
READ_AS: dict[str, str] = _SAID["read_as"]

FILLED = frozenset({"BOOLEAN"})


@dataclass(frozen=True)
class Editable:
    """One field that an approved edit may change.

    `pattern` is how it is named, with `[]` where an element's id goes: `status`,
    `responsible_attorney.id`, `phone_numbers[].number`, `custom_field_values[]`. `type` is the
    column type of what is read. `path` leads to it in the body that is sent, `read` in the record
    that is read. `targets` are pairs of a type ("" where there is but one) and the collection
    that is pointed at; where there are several, `companion` is the path of the type.
    """

    pattern: str
    type: str
    path: tuple[str, ...]
    read: tuple[str, ...]
    choices: tuple[str, ...] = ()
    targets: tuple[tuple[str, str], ...] = ()
    companion: tuple[str, ...] = ()
    may_be_empty: bool = True


def writable_fields(collection: Collection) -> tuple[str, ...]:
    """Name the fields of a collection of which an approved edit may change something."""
    return tuple(dict.fromkeys(editable.path[0] for editable in _of_collection(collection)))


def editables(catalog: Catalog, resource: str) -> dict[str, Editable]:
    """Return every field of a collection that an edit may change, by its pattern.

    Empty for a collection that is never written.
    """
    collection = catalog.collections.get(resource)
    found = _of_collection(collection) if collection else ()
    return {editable.pattern: editable for editable in found}


def _of_collection(collection: Collection) -> Iterator[Editable]:
    if collection.name not in COLLECTIONS:
        return
    never = NEVER.get(collection.name, frozenset())
    read = {field.name: field for field in collection.fields}
    for field in collection.patch:
        if field.name not in never and field.name in read:
            yield from _of_field(collection.name, field, read[field.name])


def _of_field(resource: str, written: Field, read: Field) -> Iterator[Editable]:
    """Yield what of a field may be changed: itself, what it points at, or parts of elements."""
    name = written.name
    if name == CUSTOM:
        yield Editable(f"{CUSTOM}[]", "VARCHAR", (CUSTOM, "value"), (CUSTOM, "value"))
    elif written.type == ARRAY:
        yield from _of_elements(resource, written, read)
    elif written.type == OBJECT:
        yield from _of_reference(resource, name)
    elif read.type not in {ARRAY, OBJECT, JSON}:
        yield _editable(resource, name, read.type, (name,))


def _of_reference(resource: str, name: str) -> Iterator[Editable]:
    typed = TYPED_TARGETS.get(name, {})
    targets = tuple(typed.items()) or (("", TARGETS[name]),) if name in TARGETS or typed else ()
    if not targets:
        return
    companion = (name, "type") if typed else ()
    may_be_empty = f"{resource}.{name}.id" in MAY_BE_EMPTIED
    path = (name, "id")
    yield Editable(f"{name}.id", "BIGINT", path, path, (), targets, companion, may_be_empty)
    if typed:
        yield _editable(resource, f"{name}.type", "VARCHAR", companion)


def _of_elements(resource: str, written: Field, read: Field) -> Iterator[Editable]:
    shown = dict(read.sub)
    for part, _ in written.sub:
        pattern = f"{written.name}[].{part}"
        source = READ_AS.get(f"{resource}.{pattern}", part)
        if part not in NOT_OF_AN_ELEMENT and source in shown:
            path, back = (written.name, part), (written.name, source)
            yield _editable(resource, pattern, shown[source], path, back)


def _editable(
    resource: str, pattern: str, kind: str, path: tuple[str, ...], read: tuple[str, ...] = ()
) -> Editable:
    name = f"{resource}.{pattern}"
    choices = CHOICES.get(name, ())
    may_be_empty = not choices and name not in REQUIRED and kind not in FILLED
    return Editable(pattern, kind, path, read or path, choices, may_be_empty=may_be_empty)
