"""Values of fields: what a person may write, what Clio's record says, when two are the same."""

from dataclasses import replace
from typing import Any

import pytest

from pipelines.edits.fields import (
    ABSENT,
    COUNT,
    CUSTOM_KINDS,
    REDACTED,
    SECONDS,
    EditableCustomField,
    FieldRef,
    Option,
    parse,
)
from pipelines.edits.values import JsonScalar, alike, read, same, shown
from pipelines.edits.written import LONGEST, ValueRefusedError, of_text
from sources.clio_http.catalog import read_catalog

CATALOG = read_catalog("clio_manage")
OPTIONS = (
    Option(1, "High"),
    Option(2, "Low"),
    Option(3, "low"),
    Option(4, "Once", deleted=True),
    Option(5, "7"),
    Option(6, "Ünïcode ✓"),
)
CUSTOM = {
    kind: EditableCustomField(100 + at, kind, "Matter", kind, options=OPTIONS)
    for at, kind in enumerate(CUSTOM_KINDS)
}


UNITS = {"hours": SECONDS, "count": COUNT}


def field(name: str) -> FieldRef:
    """Find a field: of a collection as `matters.status`, a custom one by its type, or the quantity
    of an activity by what it counts.
    """
    if name in UNITS:
        return replace(parse(CATALOG, "activities", "quantity"), unit=UNITS[name])
    if name in CUSTOM:
        text = f"custom_field_values[{CUSTOM[name].id}]"
        return parse(CATALOG, "matters", text, tuple(CUSTOM.values()))
    resource, _, text = name.partition(".")
    return parse(CATALOG, resource, text)


TAKEN: list[tuple[str, str, Any]] = [
    ("matters.status", "Closed", "closed"),
    ("tasks.priority", "high", "High"),
    ("matters.billable", "TRUE", True),
    ("matters.open_date", " 2026-02-28 ", "2026-02-28"),
    ("matters.responsible_attorney.id", "101", 101),
    ("activities.price", "1234.50", "1234.50"),
    ("activities.price", "-0.01", "-0.01"),
    ("activities.price", "125.5", "125.5"),
    ("activities.price", "999999999.99", "999999999.99"),
    ("hours", "1.5h", "5400"),
    ("hours", "1.5 H", "5400"),
    ("hours", "90m", "5400"),
    ("hours", " 5400s ", "5400"),
    ("hours", "1:30", "5400"),
    ("hours", "01:30:00", "5400"),
    ("hours", "0h", "0"),
    ("hours", "24h", "86400"),
    ("hours", "24:00", "86400"),
    ("hours", "0.1h", "360"),
    ("count", "3", "3"),
    ("count", "12.5", "12.5"),
    ("count", "0", "0"),
    ("tasks.time_estimated", "90", 90),
    ("matters.open_date", "1900-01-01", "1900-01-01"),
    ("matters.open_date", "2100-12-31", "2100-12-31"),
    (
        "notes.detail",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    ),
    ("notes.detail", "\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
    ("picklist", "U\u0308ni\u0308code \u2713", 6),
    ("calendar_entries.start_at", "2026-03-02T10:00:00+01:00", "2026-03-02T09:00:00Z"),
    ("calendar_entries.start_at", "2026-03-02T09:00:00.250Z", "2026-03-02T09:00:00.25Z"),
    ("contacts.email_addresses[1].address", " A@b.co ", "A@b.co"),
    ("notes.detail", "one\r\ntwo\tthree", "one\ntwo\tthree"),
    ("notes.detail", "e\u0301", "\u00e9"),
    ("notes.detail", "=HYPERLINK(1)", "=HYPERLINK(1)"),
    ("contacts.phone_numbers[1].number", "007", "007"),
    ("checkbox", "false", False),
    ("contact", "5", 5),
    ("matter", "6", 6),
    ("currency", "999999999.99", "999999999.99"),
    ("date", "1900-01-01", "1900-01-01"),
    ("date", "2100-12-31", "2100-12-31"),
    ("time", "09:30", "09:30:00"),
    ("time", "23:59:59", "23:59:59"),
    ("email", "x@y", "x@y"),
    ("numeric", "00012", "00012"),
    ("picklist", "HIGH", 1),
    ("picklist", "Low", 2),
    ("picklist", "low", 3),
    ("picklist", "7", 5),
    ("picklist", "6", 6),
    ("picklist", "ünïcode  ✓", 6),
    ("text_area", "a\nb", "a\nb"),
    ("text_line", "plain", "plain"),
    ("url", "https://example.com/é", "https://example.com/é"),
]


@pytest.mark.parametrize(("name", "text", "value"), TAKEN)
def test_a_text_is_taken_as_the_value_to_send(name: str, text: str, value: object) -> None:
    """Choices in Clio's own case, ids as numbers, money as text, moments in UTC, pick lists by
    label; and the value is the same as itself.
    """
    found = of_text(field(name), text)
    assert found == value
    assert type(found) is type(value)
    assert same(field(name), found, value)


REFUSED = [
    ("matters.status", "opened", "is not one of open, closed, pending"),
    ("matters.status", "", "is not one of"),
    ("matters.billable", "yes", "is neither true nor false"),
    ("matters.billable", "1", "is neither true nor false"),
    ("matters.open_date", "46082", "a spreadsheet's number for a date"),
    ("matters.open_date", "3/14/2026", "such as 2026-03-31"),
    ("matters.open_date", "2026-02-30", "such as 2026-03-31"),
    ("matters.open_date", "2026-2-3", "such as 2026-03-31"),
    ("matters.open_date", "2026-03-02T09:00:00Z", "such as 2026-03-31"),
    ("matters.responsible_attorney.id", "1.2E+12", "was rounded by a spreadsheet"),
    ("matters.responsible_attorney.id", "12.0", "is not the id of a record"),
    ("matters.responsible_attorney.id", "0", "is not the id of a record"),
    ("matters.responsible_attorney.id", "-5", "is not the id of a record"),
    ("matters.responsible_attorney.id", "Ada Byron", "is not the id of a record"),
    ("matters.responsible_attorney.id", "１２", "is not the id of a record"),  # noqa: RUF001 - the wide digits are meant
    ("activities.price", "1,234.50", "no thousands separator"),
    ("activities.price", "1.5e3", "was rounded by a spreadsheet"),
    ("activities.price", "$5", "is not a number"),
    ("activities.price", "NaN", "is not a number"),
    ("activities.price", "Infinity", "is not a number"),
    ("activities.price", "", "is not a number"),
    ("activities.price", "125.005", "more than two decimals"),
    ("activities.price", "125.500", "more than two decimals"),
    ("activities.price", "99999999999", "is money beyond 999,999,999.99"),
    ("activities.price", "-99999999999", "is money beyond 999,999,999.99"),
    ("currency", "1.234", "more than two decimals"),
    ("numeric", "9999999999999999", "more than 15 digits"),
    ("hours", "1.5", "1.5h, minutes as 90m, seconds as 5400s, or 1:30"),
    ("hours", "0.1", "a time without a unit"),
    ("hours", "1.234", "a time without a unit"),
    ("hours", "-3600", "a time without a unit"),
    ("hours", "99999999999", "a time without a unit"),
    ("hours", "-1h", "is not a time that was worked"),
    ("hours", "1,5h", "a point for decimals"),
    ("hours", "1h30m", "is not a time that was worked"),
    ("hours", "1:60", "is not a time that was worked"),
    ("hours", "1.5d", "is not a time that was worked"),
    ("hours", "24.1h", "is more than 24 hours"),
    ("hours", "86401s", "is more than 24 hours"),
    ("hours", "24:00:01", "is more than 24 hours"),
    ("hours", "99999999s", "is more than 24 hours"),
    ("hours", "1.2345h", "does not come out as whole seconds"),
    ("hours", "0.5s", "does not come out as whole seconds"),
    ("count", "3h", "and no time: write a plain number"),
    ("count", "1:30", "and no time: write a plain number"),
    ("count", "-1", "is not a number from 0 to 1,000,000"),
    ("count", "1000001", "is not a number from 0 to 1,000,000"),
    ("matters.open_date", "0026-03-31", "is not from 1900-01-01 to 2100-12-31"),
    ("matters.open_date", "0202-01-01", "is not from 1900-01-01 to 2100-12-31"),
    ("matters.open_date", "9999-12-31", "is not from 1900-01-01 to 2100-12-31"),
    ("matters.open_date", "1899-12-31", "is not from 1900-01-01 to 2100-12-31"),
    ("matters.open_date", "2101-01-01", "is not from 1900-01-01 to 2100-12-31"),
    ("date", "0026-03-31", "is not from 1900-01-01 to 2100-12-31"),
    ("calendar_entries.start_at", "0026-03-31T09:00:00Z", "is not from 1900-01-01"),
    ("calendar_entries.start_at", "9999-12-31T09:00:00Z", "is not from 1900-01-01"),
    ("tasks.time_estimated", "-1", "is not a whole number from 0 to"),
    ("tasks.time_estimated", "99999999999", "is not a whole number from 0 to"),
    ("tasks.time_estimated", "1.5", "is not a whole number"),
    ("tasks.time_estimated", "9" * 30, "is not a whole number"),
    ("calendar_entries.start_at", "2026-03-02 09:00", "with its zone"),
    ("calendar_entries.start_at", "2026-13-02T09:00:00Z", "with its zone"),
    ("contacts.email_addresses[1].address", "nobody", "is not an e-mail address"),
    ("contacts.email_addresses[1].address", "a@b@c", "is not an e-mail address"),
    ("contacts.email_addresses[1].address", "mailto:a@b.co", "begins with mailto:"),
    ("contacts.email_addresses[1].address", "MailTo:a@b.co", "begins with mailto:"),
    ("contacts.email_addresses[1].address", "a@b..co", "a dot stands first or last"),
    ("contacts.email_addresses[1].address", "a..b@c.co", "a dot stands first or last"),
    ("contacts.email_addresses[1].address", "a@b.co.", "a dot stands first or last"),
    ("contacts.email_addresses[1].address", "a.@b.co", "a dot stands first or last"),
    ("email", "a@b.co.", "a dot stands first or last"),
    ("email", "a\u200b@b.co", "that nobody sees"),
    ("notes.detail", "a\u202eb", "that turns the order of letters"),
    ("notes.detail", "a\u2066b", "that turns the order of letters"),
    ("notes.detail", " \n ", "is blank; write <clear>"),
    ("notes.detail", "a\0b", "holds a character that cannot be shown"),
    ("notes.detail", "\x1b[2J", "holds a character that cannot be shown"),
    ("notes.detail", "x" * (LONGEST + 1), "is longer than 65,535 characters"),
    ("checkbox", "TRUE!", "is neither true nor false"),
    ("time", "24:00", "is not a time of day"),
    ("time", "9:30", "is not a time of day"),
    ("picklist", "Medium", "valid are High [1], Low [2], low [3], 7 [5], Ünïcode ✓ [6]"),
    ("picklist", "LOW", "fits several options, so name one by its id"),
    ("picklist", "Once", "is not an option"),
    ("picklist", "4", "is not an option"),
    ("text_line", "a\nb", "holds a line break"),
    ("url", "javascript:alert(1)", "begins with https://"),
    ("url", "example.com", "begins with https://"),
]


@pytest.mark.parametrize(("name", "text", "words"), REFUSED)
def test_what_is_no_value_is_refused(name: str, text: str, words: str) -> None:
    """Nothing is guessed, and the message says what would be taken, never what was given."""
    with pytest.raises(ValueRefusedError) as error:
        of_text(field(name), text)
    assert words in str(error.value)
    assert len(text) < 6 or text.strip() not in str(error.value)


UNSEEN = [
    *("\u200b", "\ufeff", "\u00ad", "\u200e", "\u200f", "\u2060", "\u200d", "\u202a", "\u2067"),
    *("\u3164", "\u034f", "\ufe0f", "\U000e0061"),
]
HELD = [
    ("contacts.email_addresses[1].address", "jane{}@example.com"),
    ("contacts.phone_numbers[1].number", "+1604{}5550100"),
    ("contacts.web_sites[1].default_web_site", "true{}"),
    ("activities.price", "12{}5"),
    ("hours", "1.5{}h"),
    ("matters.responsible_attorney.id", "10{}1"),
    ("matters.open_date", "2026-03-{}31"),
    ("calendar_entries.start_at", "2026-03-02T09:00:00Z{}"),
    ("time", "09:{}30"),
    ("email", "{}jane@example.com"),
    ("url", "https://example.com/{}"),
]


@pytest.mark.parametrize("char", UNSEEN, ids=lambda char: f"{ord(char):04x}")
@pytest.mark.parametrize(("name", "text"), HELD, ids=[name for name, _ in HELD])
def test_what_nobody_sees_is_refused_where_it_would_be_meant(
    name: str, text: str, char: str
) -> None:
    """Wherever it stands in an address, a number, an id, a day or a moment."""
    assert of_text(field(name), text.format("")) is not None
    with pytest.raises(ValueRefusedError, match=r"that nobody sees|turns the order of letters"):
        of_text(field(name), text.format(char))


def value(kind: str, text: object) -> dict[str, Any]:
    """Return a record of a matter that has one value of a custom field."""
    one = {"id": f"{kind}-9", "value": text, "custom_field": {"id": CUSTOM[kind].id}}
    return {"custom_field_values": [{"id": "x", "custom_field": {"id": 1}, "value": "no"}, one]}


READ: list[tuple[str, dict[str, Any], Any]] = [
    ("matters.status", {"status": "Open"}, "open"),
    ("tasks.priority", {"priority": "normal"}, "Normal"),
    ("tasks.status", {"status": "of the future"}, "of the future"),
    ("matters.client.id", {"client": {"id": 7}}, 7),
    ("matters.client.id", {"client": {"id": "7"}}, 7),
    ("matters.client.id", {"client": None}, None),
    ("matters.client.id", {}, ABSENT),
    ("matters.client.id", {"client": {"etag": "x"}}, ABSENT),
    ("activities.price", {"price": 1234.5}, "1234.5"),
    ("activities.price", {"price": "250.000000000000000000"}, "250"),
    ("activities.quantity", {"quantity": None, "quantity_redacted": True}, REDACTED),
    ("activities.quantity", {"quantity": None, "quantity_redacted": False}, None),
    ("activities.note", {"note": None, "quantity_redacted": True}, None),
    ("calendar_entries.summary", {"summary": None, "redacted": True}, REDACTED),
    ("calendar_entries.summary", {"summary": "x", "redacted": True}, "x"),
    (
        "calendar_entries.start_at",
        {"start_at": "2026-03-02T10:00:00+01:00"},
        "2026-03-02T09:00:00Z",
    ),
    ("contacts.phone_numbers[8].number", {"phone_numbers": [{"id": 8, "number": "1"}]}, "1"),
    ("contacts.phone_numbers[8].number", {"phone_numbers": [{"id": 9, "number": "1"}]}, ABSENT),
    ("contacts.phone_numbers[8].number", {"phone_numbers": None}, REDACTED),
    (
        "contacts.phone_numbers[8].default_number",
        {"phone_numbers": [{"id": 8, "primary": True}]},
        True,
    ),
    ("picklist", value("picklist", "2"), 2),
    ("checkbox", value("checkbox", "true"), True),
    ("checkbox", value("checkbox", False), False),
    ("numeric", value("numeric", "12345678901234567890"), "12345678901234567890"),
    ("contact", value("contact", "5"), 5),
    ("text_line", value("text_line", None), None),
    ("time", value("time", "09:30"), "09:30:00"),
    ("time", value("time", "09:30:15"), "09:30:15"),
    ("time", value("time", "half past nine"), "half past nine"),
    ("date", {"custom_field_values": []}, None),
    ("date", {}, ABSENT),
]


@pytest.mark.parametrize(("name", "record", "expected"), READ)
def test_a_record_is_read_in_the_form_in_which_it_is_written(
    name: str, record: dict[str, Any], expected: object
) -> None:
    """Clio's reading names, cases and texts become those of writing; what is not there or hidden
    is neither a value nor empty.
    """
    assert read(field(name), record) == expected


SAME: list[tuple[str, JsonScalar, JsonScalar, bool]] = [
    ("notes.detail", " a ", "a", True),
    ("notes.detail", "", None, True),
    ("notes.detail", "e\u0301", "\u00e9", True),
    ("notes.detail", "a\r\nb", "a\nb", True),
    ("notes.detail", "A", "a", False),
    ("contacts.email_addresses[1].address", "A@B.CO", "a@b.co", True),
    ("activities.price", "1.50", "1.5", True),
    ("activities.price", "0", None, False),
    ("activities.price", "1.5", "1.51", False),
    ("matters.billable", False, None, False),
    ("matters.client.id", 1, 2, False),
    ("calendar_entries.start_at", "2026-03-02T10:00:00+01:00", "2026-03-02T09:00:00Z", True),
    ("contacts.phone_numbers[1].number", "+1 604 555 0100", "+16045550100", False),
]


@pytest.mark.parametrize(("name", "one", "other", "expected"), SAME)
def test_when_two_values_are_the_same_to_clio(
    name: str,
    one: JsonScalar,
    other: JsonScalar,
    *,
    expected: bool,
) -> None:
    """Either way round."""
    assert same(field(name), one, other) is expected
    assert same(field(name), other, one) is expected


def test_values_may_be_alike_without_being_the_same() -> None:
    """A phone number that Clio spaced, a text in another case; other digits or words are not."""
    phone, note = field("contacts.phone_numbers[1].number"), field("notes.detail")
    assert alike(phone, "+16045550100", "+1 (604) 555-0100")
    assert not alike(phone, "+16045550100", "+16045550101")
    assert not alike(phone, "x", "y")
    assert alike(note, "Hello  there", "hello there")
    assert not alike(note, "hello", None)


def test_values_are_shown_to_people() -> None:
    """Labels of options, yes and no, and words for what is not there."""
    assert shown(field("picklist"), 2) == "Low [2]"
    assert shown(field("picklist"), 99) == "99"
    assert shown(field("hours"), "5400") == "5400s (1.5 h)"
    assert shown(field("hours"), None) == "(empty)"
    assert shown(field("count"), "3") == "3"
    assert shown(field("matters.billable"), True) == "yes"
    assert shown(field("notes.detail"), None) == "(empty)"
    assert shown(field("notes.detail"), REDACTED) == "(redacted)"
