"""Bodies, persons and limits: what is sent, who is the same, what a plan may not be."""

from dataclasses import replace
from typing import Any

import pytest

from pipelines.edits.fields import EditableCustomField, FieldRef, Option, parse
from pipelines.edits.values import JsonScalar
from pipelines.errors import EditRefusedError
from pipelines.ledger.errors import GuardError
from pipelines.plan.four_eyes import Person, is_same
from pipelines.plan.guards import Limits, check
from pipelines.plan.plan_file import PlannedEdit, PlannedRecord, body_of
from sources.clio_http.catalog import read_catalog

CATALOG = read_catalog("clio_manage")
CUSTOM = (
    EditableCustomField(5, "Court", "Matter", "picklist", options=(Option(9, "High"),)),
    EditableCustomField(6, "Paid", "Matter", "checkbox"),
)


def ref(resource: str, name: str) -> FieldRef:
    """Find a field."""
    return parse(CATALOG, resource, name, CUSTOM)


MATTER = {
    "id": 1,
    "custom_field_values": [{"id": "picklist-3", "value": "8", "custom_field": {"id": 5}}],
}
CONTACT = {"id": 2, "phone_numbers": [{"id": 4, "number": "1", "name": "Work"}]}


@pytest.mark.parametrize(
    ("resource", "changes", "record", "body"),
    [
        ("matters", [("status", "closed")], MATTER, '{"data":{"status":"closed"}}'),
        (
            "matters",
            [("description", 'M\u00fcller "x"\n'), ("client_reference", None)],
            MATTER,
            '{"data":{"client_reference":null,"description":"M\u00fcller \\"x\\"\\n"}}',
        ),
        (
            "matters",
            [("responsible_attorney.id", 12)],
            MATTER,
            '{"data":{"responsible_attorney":{"id":12}}}',
        ),
        (
            "matters",
            [("practice_area.id", None)],
            MATTER,
            '{"data":{"practice_area":{"id":null}}}',
        ),
        (
            "matters",
            [("custom_field_values[5]", 9), ("custom_field_values[6]", True)],
            MATTER,
            (
                '{"data":{"custom_field_values":[{"id":"picklist-3","value":"9"},'
                '{"custom_field":{"id":6},"value":"true"}]}}'
            ),
        ),
        (
            "matters",
            [("custom_field_values[5]", None)],
            MATTER,
            '{"data":{"custom_field_values":[{"_destroy":true,"id":"picklist-3"}]}}',
        ),
        (
            "contacts",
            [("phone_numbers[4].number", "+1 2"), ("phone_numbers[4].name", "Home")],
            CONTACT,
            '{"data":{"phone_numbers":[{"id":4,"name":"Home","number":"+1 2"}]}}',
        ),
        ("activities", [("price", "0.10")], {"id": 3}, '{"data":{"price":0.10}}'),
        (
            "tasks",
            [("assignee.id", 12)],
            {"id": 3, "assignee": {"id": 1, "type": "User"}},
            '{"data":{"assignee":{"id":12,"type":"User"}}}',
        ),
        (
            "tasks",
            [("assignee.id", 12), ("assignee.type", "Contact")],
            {"id": 3, "assignee": {"id": 1, "type": "User"}},
            '{"data":{"assignee":{"id":12,"type":"Contact"}}}',
        ),
    ],
)
def test_body(
    resource: str, changes: list[tuple[str, JsonScalar]], record: dict[str, object], body: str
) -> None:
    """A body holds the approved values, each where Clio takes it, and nothing else."""
    assert body_of([(ref(resource, name), value) for name, value in changes], record) == body


@pytest.mark.parametrize(
    ("resource", "name", "value", "record"),
    [
        ("contacts", "phone_numbers[5].number", "1", CONTACT),
        ("matters", "custom_field_values[6]", None, MATTER),
        (
            "matters",
            "custom_field_values[5]",
            9,
            {"custom_field_values": MATTER["custom_field_values"] * 2},  # type: ignore[operator]
        ),
    ],
)
def test_no_body(resource: str, name: str, value: JsonScalar, record: dict[str, object]) -> None:
    """An element that is not there, or not told apart from another, is never written."""
    with pytest.raises(EditRefusedError):
        body_of([(ref(resource, name), value)], record)


@pytest.mark.parametrize(
    "other",
    [
        Person("ana smith"),
        Person("ANA  SMITH "),
        Person("Ana.Smith"),
        Person("An\u0430 Smith"),
        Person("\u0391na Smith"),
        Person("Ana\u200bSmith"),
        Person("\uff21na Smith"),
        Person("\u00c1na Smith"),
        Person("Ana Srnith"),
        Person("Ana Sm1th"),
        Person("asmith", "x"),
        Person("carla", "ana smith"),
        Person(""),
    ],
    ids=lambda person: ascii(person.name),
)
def test_the_same_person(other: Person) -> None:
    """Case, spaces, width, accents, look-alikes and a login do not make another person."""
    assert is_same(Person("Ana Smith", "asmith"), other)


@pytest.mark.parametrize("other", [Person("bo", "asmith"), Person("Anna Smith"), Person("ana")])
def test_another_person(other: Person) -> None:
    """Another name is another person, also at the same login."""
    assert not is_same(Person("Ana Smith", "asmith"), other)


def planned(number: int, new: JsonScalar = "x", edits: int = 1) -> PlannedRecord:
    """Make a planned record."""
    made = tuple(PlannedEdit(f"{number}-{n}", f"f{n}", "a", new, "r", "ana") for n in range(edits))
    return PlannedRecord("matters", str(number), "", '"e"', "id", {}, made, "{}", "")


def records(count: int) -> list[PlannedRecord]:
    """Make so many, each with a value of its own."""
    return [planned(number, f"v{number}") for number in range(count)]


MANY = {"matters": 100_000}
STEPS = [
    (records(501), MANY, Limits(), "--max-records 501"),
    (records(21), {"matters": 420}, Limits(), None),
    (records(22), {"matters": 420}, Limits(), "--max-share 6"),
    (records(20), {"matters": 20}, Limits(), None),
    ([planned(n) for n in range(51)], MANY, Limits(), "--allow-bulk-value"),
    ([planned(1, None)], MANY, Limits(), "--allow-blank"),
]


@pytest.mark.parametrize(("found", "rows", "limits", "flag"), STEPS)
def test_limits(
    found: list[PlannedRecord], rows: dict[str, int], limits: Limits, flag: str | None
) -> None:
    """One step past a limit stops, and names the flag; the limit itself does not."""
    if flag is None:
        check(found, rows, limits)
        return
    with pytest.raises(GuardError, match=flag) as caught:
        check(found, rows, limits)
    assert flag in caught.value.hint
    name, _, value = flag.removeprefix("--").partition(" ")
    given: dict[str, Any] = {name.replace("-", "_"): int(value) if value else True}
    check(found, rows, replace(limits, **given))
    assert Limits(**given).overridden() == [f"--{name}"]


def test_at_the_limits() -> None:
    """What is just within every limit passes."""
    check(records(500), MANY, Limits())
    check([planned(n) for n in range(50)], MANY, Limits())
