"""Etags of other records inside a record's custom field values: they are those of the others."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from sources.clio_simulator import Simulator
from tests.unit.written import firm, read

FIELDS = "id,etag,custom_field_values{id,etag,value,custom_field,picklist_option,contact,matter}"


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Simulator, httpx.Client]]:
    """Return one simulator, and a client of it."""
    with firm() as pair:
        yield pair


def rows(http: httpx.Client) -> dict[int, dict[str, Any]]:
    """Return all matters with their custom field values."""
    data = http.get("matters", params={"fields": FIELDS}).json()["data"]
    return {row["id"]: row for row in data}


def definition(clio: Simulator, kind: str) -> dict[str, Any]:
    """Return the custom field of a type that matters have."""
    known = clio.store["custom_fields"].rows.values()
    return next(r for r in known if (r["parent_type"], r["field_type"]) == ("Matter", kind))


def change_definition(clio: Simulator) -> tuple[str, str]:
    """Change the order in which a custom field is displayed."""
    clio.changes.update("custom_fields", definition(clio, "text_line")["id"], {"display_order": 7})
    return "custom_field", f"custom_fields/{definition(clio, 'text_line')['id']}"


def change_option(clio: Simulator) -> tuple[str, str]:
    """Change the text of an option that some matter has chosen."""
    field = definition(clio, "picklist")
    chosen = next(
        value["picklist_option"]["id"]
        for row in clio.store["matters"].rows.values()
        for value in row.get("custom_field_values", ())
        if value["custom_field"] == field["id"] and value.get("picklist_option")
    )
    words = {"option": "Other words"}
    clio.changes.update_inside("custom_fields", field["id"], "picklist_options", chosen, words)
    return "picklist_option", ""


def change_contact(clio: Simulator) -> tuple[str, str]:
    """Change a contact that a custom field value names."""
    key = next(
        value["contact"]
        for row in clio.store["matters"].rows.values()
        for value in row.get("custom_field_values", ())
        if value.get("contact")
    )
    clio.changes.update("contacts", key, {"title": "x"})
    return "contact", f"contacts/{key}"


@pytest.mark.parametrize(
    "change",
    [change_definition, change_option, change_contact],
    ids=["custom_field", "picklist_option", "contact"],
)
def test_etag_inside_is_that_of_the_other_record(
    both: tuple[Simulator, httpx.Client], change: Callable[[Simulator], tuple[str, str]]
) -> None:
    """It changes with the other record alone, in every matter that names it, whose
    own etag and values stay.
    """
    clio, http = both
    before = rows(http)
    clio.clock.advance(5)
    name, path = change(clio)
    after = rows(http)
    changed = set()
    for key, row in before.items():
        pairs = zip(row["custom_field_values"], after[key]["custom_field_values"], strict=True)
        for old, new in pairs:
            assert (old["etag"], old["value"]) == (new["etag"], new["value"])
            if old != new:
                # An option is part of its custom field, whose etag moves with it.
                moved = {each for each in old if old[each] != new[each]}
                assert moved <= {name, "custom_field"}
                changed |= {key} if name in moved else set()
                if path and name in moved:
                    assert new[name]["etag"] == read(http, path)["etag"]
    assert changed
    assert all(before[key]["etag"] == after[key]["etag"] for key in before)


def test_matter_inside_a_value_has_no_etag(both: tuple[Simulator, httpx.Client]) -> None:
    """The document gives a matter that a value names an id and a number, and no etag."""
    named = [
        value["matter"]
        for row in rows(both[1]).values()
        for value in row["custom_field_values"]
        if value["matter"]
    ]
    assert named
    assert all(set(each) == {"id"} for each in named)


def test_copies_of_a_custom_field_are_live_or_kept(both: tuple[Simulator, httpx.Client]) -> None:
    """A new name shows in values that were written before, or does not; no etag moves."""
    clio, http = both
    field = definition(clio, "text_line")["id"]
    asked = {"fields": "etag,custom_field_values{field_name,custom_field}"}

    def names() -> set[str]:
        rows = http.get("matters", params=asked).json()["data"]
        values = [value for row in rows for value in row["custom_field_values"]]
        return {each["field_name"] for each in values if each["custom_field"]["id"] == field}

    before = {row["id"]: row["etag"] for row in rows(http).values()}
    clio.changes.update("custom_fields", field, {"name": "Renamed"})
    assert names() == {"Matter text line"}
    clio.switches.custom_fields_live = True
    assert names() == {"Renamed"}
    clio.switches.custom_fields_live = False
    assert before == {row["id"]: row["etag"] for row in rows(http).values()}
