"""What can be written inside a record of Manage: entries, custom values, relationships."""

from typing import Any, Literal

import httpx
import pytest

from sources.clio_simulator import Simulator
from tests.unit.written import first, patch, read, shown


def test_array_entries(http: httpx.Client, clio: Simulator) -> None:
    """Entries are changed and destroyed by id; one without an id is added each time it comes."""
    key = first(clio, "contacts")
    path, fields = f"contacts/{key}", "id,etag,phone_numbers{id,number,name,primary}"
    clio.changes.update("contacts", key, {"phone_numbers": []})
    new = {"name": "Work", "number": "1", "default_number": True}
    one = shown(http, path, {"phone_numbers": [new]}, fields)["phone_numbers"]
    two = shown(http, path, {"phone_numbers": [{**new, "number": "2"}]}, fields)["phone_numbers"]
    assert [entry["number"] for entry in two] == ["1", "2"]
    assert [entry["primary"] for entry in two] == [False, True]
    assert two[0]["id"] == one[0]["id"]
    again = {"phone_numbers": [{"id": two[0]["id"], "number": "3", "default_number": True}]}
    three = shown(http, path, again, fields)["phone_numbers"]
    assert [(e["number"], e["primary"]) for e in three] == [("3", True), ("2", False)]
    assert read(http, path, "primary_phone_number") == {"primary_phone_number": "3"}
    gone = {"phone_numbers": [{"id": two[0]["id"], "_destroy": True}]}
    assert [e["number"] for e in shown(http, path, gone, fields)["phone_numbers"]] == ["2"]


def test_entries_and_the_record_around_them(http: httpx.Client, clio: Simulator) -> None:
    """The switches say whether a write of entries alone moves the record's stamp and etag."""
    key = first(clio, "contacts")
    path, fields = f"contacts/{key}", "etag,updated_at"
    clio.changes.update("contacts", key, {"phone_numbers": [{"id": 1, "number": "0"}]})
    before = read(http, path, fields)
    clio.clock.advance(5)
    clio.switches.silent_relations = {"contacts.phone_numbers"}
    data = {"phone_numbers": [{"id": 1, "number": "1"}]}
    assert shown(http, path, data, fields) == before
    clio.switches.silent_relations = set()
    clio.switches.child_moves_updated_at = False
    data = {"phone_numbers": [{"id": 1, "number": "2"}]}
    after = shown(http, path, data, fields)
    assert after["etag"] != before["etag"]
    assert after["updated_at"] == before["updated_at"]
    mixed = {**data, "phone_numbers": [{"id": 1, "number": "3"}], "title": "Dr"}
    assert shown(http, path, mixed, fields)["updated_at"] > before["updated_at"]


def values(clio: Simulator, key: int) -> dict[str, dict[str, Any]]:
    """Return a matter's custom field values that have one, by type."""
    row = clio.store["matters"].rows[key]
    return {v["field_type"]: v for v in row["custom_field_values"] if v.get("id")}


def test_custom_field_values(http: httpx.Client, clio: Simulator) -> None:
    """A value is changed by its own id, not by that of its field, and emptied by `_destroy`."""
    key = first(clio)
    path, known = f"matters/{key}", values(clio, first(clio))
    for kind, value, kept in [
        ("checkbox", True, "true"),
        ("numeric", 7, "7"),
        ("date", "2026-02-28", "2026-02-28"),
        ("text_area", "a\nb", "a\nb"),
        ("contact", first(clio, "contacts"), str(first(clio, "contacts"))),
    ]:
        data = {"custom_field_values": [{"id": known[kind]["id"], "value": value}]}
        assert patch(http, path, data).status_code == 200
        assert values(clio, key)[kind]["value"] == kept
    wrong_id = {"custom_field_values": [{"id": known["date"]["custom_field"], "value": "x"}]}
    assert patch(http, path, wrong_id).status_code == 422
    gone = {"custom_field_values": [{"id": known["date"]["id"], "_destroy": True}]}
    assert patch(http, path, gone).status_code == 200
    assert "date" not in values(clio, key)
    made = {
        "custom_field_values": [
            {"custom_field": {"id": known["date"]["custom_field"]}, "value": "2026-03-01"}
        ]
    }
    assert patch(http, path, made).status_code == 200
    assert values(clio, key)["date"]["value"] == "2026-03-01"
    assert values(clio, key)["date"]["id"] != known["date"]["id"]


def test_values_that_come_back(http: httpx.Client, clio: Simulator) -> None:
    """`custom_field_ids[]` says which values a GET or a PATCH of one record answers with."""
    key = first(clio)
    field = values(clio, key)["time"]["custom_field"]
    asked = {"fields": "custom_field_values{field_type}", "custom_field_ids[]": str(field)}
    for answer in (
        http.get(f"matters/{key}", params=asked),
        http.patch(f"matters/{key}", params=asked, json={"data": {"location": "Bern"}}),
    ):
        assert answer.json()["data"] == {"custom_field_values": [{"field_type": "time"}]}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("checkbox", "maybe"),
        ("numeric", "1,5"),
        ("date", "1 May"),
        ("time", "25:00"),
        ("email", "nobody"),
        ("matter", "5"),
        ("picklist", "5"),
        ("url", "x" * 256),
    ],
)
def test_custom_field_value_of_the_wrong_type(
    http: httpx.Client, clio: Simulator, kind: str, value: str
) -> None:
    """The type of the field decides what its value may be."""
    key = first(clio)
    entry = {"id": values(clio, key)[kind]["id"], "value": value}
    answer = patch(http, f"matters/{key}", {"custom_field_values": [entry]})
    assert answer.status_code == 422


def test_picklist_value_shows_its_option(http: httpx.Client, clio: Simulator) -> None:
    """An option is written by its id and shown with its label; one that is gone is refused."""
    key = first(clio)
    known = values(clio, key)["picklist"]
    options = clio.store["custom_fields"].rows[known["custom_field"]]["picklist_options"]
    fields = "custom_field_values{id,value,picklist_option}"
    data = {"custom_field_values": [{"id": known["id"], "value": options[1]["id"]}]}
    answer = shown(http, f"matters/{key}", data, fields)["custom_field_values"]
    (shown_value,) = [each for each in answer if each["id"] == known["id"]]
    assert shown_value["value"] == str(options[1]["id"])
    assert shown_value["picklist_option"]["id"] == options[1]["id"]
    deleted = next(option for option in options if "deleted_at" in option)
    data = {"custom_field_values": [{"id": known["id"], "value": deleted["id"]}]}
    assert patch(http, f"matters/{key}", data).status_code == 422


@pytest.mark.parametrize(
    ("switch", "status", "more"), [("add", 200, 1), ("refuse", 422, 0), ("replace", 200, 0)]
)
def test_second_value_of_one_custom_field(
    http: httpx.Client,
    clio: Simulator,
    switch: Literal["add", "refuse", "replace"],
    status: int,
    more: int,
) -> None:
    """Without an id, a value of a field that has one is added, refused or put in its place."""
    clio.switches.second_custom_value = switch
    key = first(clio)
    row = clio.store["matters"].rows[key]
    field = values(clio, key)["numeric"]["custom_field"]
    entry = {"custom_field": {"id": field}, "value": "5"}
    answer = patch(http, f"matters/{key}", {"custom_field_values": [entry]})
    assert answer.status_code == status
    new = clio.store["matters"].rows[key]["custom_field_values"]
    assert len(new) == len(row["custom_field_values"]) + more


def test_relationships_inside_a_matter(http: httpx.Client, clio: Simulator) -> None:
    """They are records of their own: changed by id, added without, and only this matter's."""
    row = next(iter(clio.store["relationships"].rows.values()))
    path, contact = f"matters/{row['matter']}", first(clio, "contacts")
    before = read(http, path)
    data = {"relationships": [{"id": row["id"], "description": "uncle"}]}
    assert shown(http, path, data, "etag")["etag"] != before["etag"]
    assert clio.store["relationships"].rows[row["id"]]["description"] == "uncle"
    new = {"relationships": [{"description": "aunt", "contact": {"id": contact}}]}
    for _ in range(2):
        assert patch(http, path, new).status_code == 200
    added = [r for r in clio.store["relationships"].rows.values() if r["description"] == "aunt"]
    assert len(added) == 2
    gone = {"relationships": [{"id": row["id"], "_destroy": True}]}
    assert patch(http, path, gone).status_code == 200
    assert http.get(f"relationships/{row['id']}").status_code == 404
    assert patch(http, path, gone).status_code == 422


@pytest.mark.parametrize("name", ["medical_bills", "medical_records"])
def test_record_that_is_read_inside_another(http: httpx.Client, clio: Simulator, name: str) -> None:
    """Medical bills and records are written at addresses of their own, under their own etags."""
    owner = next(r for r in clio.store["medical_records_details"].rows.values() if r.get(name))
    path, outer = f"{name}/{owner[name][0]['id']}", f"medical_records_details/{owner['id']}"
    field = "bill_date" if name == "medical_bills" else "start_date"
    before = read(http, outer)["etag"]
    assert patch(http, path, {field: "2026-02-03"}, if_match='"0"').status_code == 412
    assert shown(http, path, {field: "2026-02-03"}, field)[field].startswith("2026-02-03")
    assert read(http, outer)["etag"] != before
    inside = read(http, outer, f"{name}{{id,{field}}}")[name]
    assert inside[0][field].startswith("2026-02-03")
    assert http.get(path).status_code == 404
    assert patch(http, path, None, method="DELETE").status_code == 204
    assert len(read(http, outer, f"{name}{{id}}")[name]) == len(inside) - 1
    assert patch(http, path, {field: "2026-02-03"}).status_code == 404
