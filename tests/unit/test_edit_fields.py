"""Fields as edits name them: what is found, what is refused and in which words."""

import pytest

from pipelines.edits import fields
from pipelines.edits.allowed import allowed
from pipelines.edits.fields import EditableCustomField, FieldRef, Option, parse, request_fields
from pipelines.errors import EditRefusedError
from sources.clio_http.catalog import read_catalog
from sources.clio_manage.writable import COLLECTIONS
from sources.errors import ConfigurationError

CATALOG = read_catalog("clio_manage")
NAME = "custom_field_values"


def custom(key: int, name: str, kind: str = "text_line", **other: object) -> EditableCustomField:
    """Make a custom field of matters."""
    return EditableCustomField(key, name, "Matter", kind, **other)  # type: ignore[arg-type]


DEFINED = (
    custom(11, "Court", "picklist", options=(Option(1, "High"), Option(2, "Low"))),
    custom(12, "Budget (net)", "currency"),
    custom(13, '"; DROP TABLE x;--'),
    custom(14, "id"),
    custom(15, "Twice"),
    custom(16, "Twice"),
    custom(17, "Old", deleted=True),
    custom(18, "reused", deleted=True),
    custom(19, "reused"),
    custom(20, "a]b[c=d"),
    custom(21, "2024"),
    EditableCustomField(30, "Court", "Contact", "text_line"),
)


def ref(resource: str, text: str) -> FieldRef:
    """Find a field."""
    return parse(CATALOG, resource, text, DEFINED)


@pytest.mark.parametrize(
    ("resource", "text", "canonical", "kind"),
    [
        ("matters", " status ", "status", fields.CHOICE),
        ("matters", "responsible_attorney.id", "responsible_attorney.id", fields.REFERENCE),
        ("matters", "open_date", "open_date", fields.DATE),
        ("matters", "billable", "billable", fields.BOOLEAN),
        ("activities", "price", "price", fields.NUMBER),
        ("activities", "quantity", "quantity", fields.NUMBER),
        ("tasks", "time_estimated", "time_estimated", fields.INTEGER),
        ("tasks", "due_at", "due_at", fields.DATE),
        ("calendar_entries", "start_at", "start_at", fields.MOMENT),
        ("contacts", "phone_numbers[007].number", "phone_numbers[7].number", fields.TEXT),
        ("contacts", "email_addresses[5].address", "email_addresses[5].address", fields.EMAIL),
        ("contacts", "phone_numbers[7].name", "phone_numbers[7].name", fields.CHOICE),
        ("matters", f"{NAME}[11]", f"{NAME}[11]", fields.OPTION),
        ("matters", f"{NAME}[Court]", f"{NAME}[11]", fields.OPTION),
        ("matters", f"{NAME}[ court ]", f"{NAME}[11]", fields.OPTION),
        ("contacts", f"{NAME}[Court]", f"{NAME}[30]", fields.LINE),
        ("matters", f"{NAME}[budget  (NET)]", f"{NAME}[12]", fields.NUMBER),
        ("matters", f'{NAME}["; DROP TABLE x;--]', f"{NAME}[13]", fields.LINE),
        ("matters", f"{NAME}[id]", f"{NAME}[14]", fields.LINE),
        ("matters", f"{NAME}[reused]", f"{NAME}[19]", fields.LINE),
        ("matters", f"{NAME}[a]b[c=d]", f"{NAME}[20]", fields.LINE),
        ("matters", f"{NAME}[2024]", f"{NAME}[21]", fields.LINE),
    ],
)
def test_a_field_is_found(resource: str, text: str, canonical: str, kind: str) -> None:
    """By its name, by an element's id, by a custom field's id or name in any case; the canonical
    spelling finds the same field again.
    """
    found = ref(resource, text)
    assert (found.text, found.kind) == (canonical, kind)
    assert ref(resource, found.text) == found


@pytest.mark.parametrize(
    ("resource", "text", "words"),
    [
        ("matter", "status", "those that can are of activities, calendar_entries"),
        ("matters", "stauts", "is not a field that may be edited; valid are billable, client.id"),
        ("matters", "responsible_attorney", "responsible_attorney.id"),
        ("matters", "responsible_attorney.name", "valid are"),
        ("matters", "id", "valid are"),
        ("matters", "etag", "valid are"),
        ("matters", "custom_rate.type", "valid are"),
        ("matters", "reset_matter_number", "valid are"),
        ("matters", "status; drop", "valid are"),
        ("tasks", "notify_assignee", "valid are"),
        ("calendar_entries", "send_email_notification", "valid are"),
        ("documents", "restore", "valid are"),
        ("contacts", "phone_numbers.number", "phone_numbers[id].number"),
        ("contacts", "phone_numbers[].number", "needs the id of an element"),
        ("contacts", "phone_numbers[x].number", "a new element is never made"),
        ("contacts", "phone_numbers[7]._destroy", "valid are"),
        ("contacts", "phone_numbers[7].id", "valid are"),
        ("matters", f"{NAME}[nothing]", "valid are Court [11], Budget (net) [12]"),
        ("matters", f"{NAME}[Twice]", f"by its id: {NAME}[15], {NAME}[16]"),
        ("matters", f"{NAME}[Old]", "the custom field 17 is deleted in Clio"),
        ("matters", f"{NAME}[17]", "the custom field 17 is deleted in Clio"),
        ("matters", f"{NAME}[30]", "there is no such custom field"),
        ("tasks", f"{NAME}[11]", "valid are"),
    ],
)
def test_what_is_no_field_is_refused_with_the_valid_ones(
    resource: str, text: str, words: str
) -> None:
    """Unknown, ambiguous, deleted, read-only, without an element: the message says what would be
    right, and ends the command with the code of a wrong use.
    """
    with pytest.raises(EditRefusedError) as error:
        ref(resource, text)
    assert words in str(error.value)
    assert error.value.exit_code == 2


def test_the_request_asks_for_exactly_what_is_needed() -> None:
    """The id, the etag and the stamp; each field once; an element with its id, a typed reference
    with its type, a custom field with what tells which one it is, and what says a null is hidden.
    """
    matter = [
        ref("matters", text) for text in ("status", "client.id", f"{NAME}[11]", f"{NAME}[12]")
    ]
    assert request_fields(matter, ["display_number", "client.name"]) == (
        "id,etag,updated_at,display_number,client{name,id},status,"
        "custom_field_values{id,value,field_type,custom_field,picklist_option}"
    )
    contact = [ref("contacts", f"phone_numbers[{n}].{p}") for n, p in ((1, "number"), (2, "name"))]
    assert request_fields(contact) == "id,etag,updated_at,phone_numbers{id,number,name}"
    primary = ref("contacts", "email_addresses[1].default_email")
    assert request_fields([primary]) == "id,etag,updated_at,email_addresses{id,primary}"
    assert request_fields([ref("tasks", "assignee.id")]) == "id,etag,updated_at,assignee{id,type}"
    hours = request_fields([ref("activities", "quantity")])
    assert hours == "id,etag,updated_at,quantity_redacted,quantity"


@pytest.mark.parametrize(
    ("names", "may", "may_not"),
    [
        (["matters.status", "tasks"], [("matters", "status"), ("tasks", "name")], ["location"]),
        (["matters.custom_field_values[]"], [("matters", f"{NAME}[12]")], ["status", "location"]),
        ([], [], ["status", "location"]),
    ],
)
def test_settings_narrow_what_may_be_edited(
    names: list[str], may: list[tuple[str, str]], may_not: list[str]
) -> None:
    """A collection or a field of one; what is left out is refused with what is not."""
    narrowed = allowed(CATALOG, names)
    for resource, text in may:
        narrowed.demand(ref(resource, text))
    for text in may_not:
        with pytest.raises(EditRefusedError, match=r"left out by clio_sync\.writable"):
            narrowed.demand(ref("matters", text))


@pytest.mark.parametrize("name", ["bills", "bills.state", "matters.custom_rate", "users", "*", ""])
def test_settings_never_widen_it(name: str) -> None:
    """Whatever is not on the list in code is refused as a setting."""
    with pytest.raises(ConfigurationError, match="can only narrow"):
        allowed(CATALOG, ["matters", name])


def test_without_the_setting_it_is_what_the_code_lets_be() -> None:
    """Every field of the nine collections, and of no other."""
    every = allowed(CATALOG, None).names
    assert {name.partition(".")[0] for name in every} == COLLECTIONS
    assert len(every) == len(set(every)) > 100
