"""A simulated Clio that withholds: fields, lists and rows that the token's user may not see."""

from collections.abc import Iterator

import httpx
import pytest

from sources.clio_simulator import Simulator
from tests.contract.simulator_client import client, ids
from tests.unit.written import clean, firm, first, patch, read

VALUES = "custom_field_values{id,field_name,field_type,value,custom_field}"


@pytest.fixture(scope="module")
def whole() -> Iterator[tuple[Simulator, httpx.Client]]:
    """Return one simulator for this module."""
    with firm() as both:
        yield both


@pytest.fixture
def clio(whole: tuple[Simulator, httpx.Client]) -> Iterator[Simulator]:
    """Return it with switches that end with the test."""
    with clean(whole[0]) as simulator:
        yield simulator


@pytest.fixture
def http(whole: tuple[Simulator, httpx.Client]) -> httpx.Client:
    """Return a client of it."""
    return whole[1]


def test_hidden_field_is_null_in_lists_items_and_answers_to_patch(
    clio: Simulator, http: httpx.Client
) -> None:
    """200 with null, for a plain value and for an object; the etag is that of the record."""
    key = first(clio)
    before = read(http, f"matters/{key}", "id,etag,description,client")
    assert before["client"]["id"]
    clio.switches.hidden_fields = {"matters": {"description", "client"}}
    asked = {"fields": "id,etag,description,client"}
    shown = {"id": key, "etag": before["etag"], "description": None, "client": None}
    assert http.get("matters", params=asked).json()["data"][0] == shown
    assert read(http, f"matters/{key}", "id,etag,description,client") == shown
    written = patch(http, f"matters/{key}", {"location": "x"}, fields="description,location")
    assert written.json()["data"] == {"description": None, "location": "x"}
    clio.switches.hidden_fields = {}
    assert read(http, f"matters/{key}", "client") == {"client": before["client"]}


def test_hidden_array_is_stripped_where_entries_have_ids(
    clio: Simulator, http: httpx.Client
) -> None:
    """Custom field values keep their entries and ids, and nothing else; `*` hides everywhere."""
    key = first(clio)
    before = read(http, f"matters/{key}", VALUES)["custom_field_values"]
    clio.switches.hidden_fields = {"*": {"custom_field_values"}}
    nothing = {"field_name": None, "field_type": None, "value": None, "custom_field": None}
    stripped = {"custom_field_values": [{"id": each["id"], **nothing} for each in before]}
    assert before
    assert read(http, f"matters/{key}", VALUES) == stripped
    asked = {"fields": "name,custom_field_values{id,value}"}
    rows = http.get(f"matters/{key}/contacts", params=asked).json()["data"]
    assert all(row["name"] for row in rows)
    assert {each["value"] for row in rows for each in row["custom_field_values"]} <= {None}
    clio.switches.hidden_fields_shape = "missing"
    assert read(http, f"matters/{key}", VALUES) == stripped


@pytest.mark.parametrize(
    ("shape", "shown"),
    [
        ("null", {"id": 0, "description": None, "client": None}),
        ("stripped", {"id": 0, "description": None, "client": {"id": None, "name": None}}),
        ("missing", {"id": 0}),
    ],
)
def test_shape_of_what_is_hidden_is_a_switch(
    clio: Simulator, http: httpx.Client, shape: str, shown: dict[str, object]
) -> None:
    """Null, an object stripped of its members, or no key at all."""
    key = first(clio)
    clio.switches.hidden_fields = {"matters": {"client", "description"}}
    clio.switches.hidden_fields_shape = shape  # type: ignore[assignment]
    assert read(http, f"matters/{key}", "id,description,client{id,name}") == {**shown, "id": key}


def test_hidden_field_cannot_be_written(clio: Simulator, http: httpx.Client) -> None:
    """A PATCH that names it is 403 and changes nothing; other fields can be written."""
    key = first(clio)
    clio.switches.hidden_fields = {"matters": {"description"}}
    assert patch(http, f"matters/{key}", {"description": "y", "location": "y"}).status_code == 403
    assert read(http, f"matters/{key}", "location")["location"] != "y"
    assert patch(http, f"matters/{key}", {"location": "y"}).status_code == 200


def test_what_is_hidden_is_still_there(clio: Simulator) -> None:
    """The dump of the records shows what they hold, whatever the caller may see."""
    before = clio.dump("matters")
    clio.switches.hidden_fields = {"*": {"description", "client", "custom_field_values"}}
    assert clio.dump("matters") == before


def test_who_am_i_hides_fields_of_users(clio: Simulator, http: httpx.Client) -> None:
    """The caller's own record has the fields of users."""
    assert read(http, "users/who_am_i", "id,roles")["roles"]
    clio.switches.hidden_fields = {"users": {"roles"}}
    assert read(http, "users/who_am_i", "id,roles")["roles"] is None


def test_roles_of_the_caller_can_be_changed(clio: Simulator, http: httpx.Client) -> None:
    """A change of the user's roles is seen by `who_am_i` at once."""
    before = read(http, "users/who_am_i", "roles")["roles"]
    clio.changes.update("users", clio.switches.who_am_i, {"roles": ["Billing"]}, silent=True)
    assert read(http, "users/who_am_i", "roles")["roles"] == ["Billing"]
    clio.changes.update("users", clio.switches.who_am_i, {"roles": before}, silent=True)


def test_forbidden_collection_is_403(clio: Simulator, http: httpx.Client) -> None:
    """List, item and write are 403 with Clio's error; every other collection answers."""
    key = first(clio, "bills")
    clio.switches.forbidden = {"bills"}
    for answer in (
        http.get("bills"),
        http.get(f"bills/{key}"),
        patch(http, f"bills/{key}", {"subject": "z"}),
    ):
        assert answer.status_code == 403
        assert set(answer.json()["error"]) == {"type", "message"}
    assert http.get("matters").status_code == 200


def test_emptied_collection_has_no_rows(clio: Simulator, http: httpx.Client) -> None:
    """Lists answer 200 without rows and without `next`; items, writes and lists below are 404."""
    key = first(clio)
    clio.switches.emptied = {"matters"}
    page = http.get("matters", params={"limit": "5"}).json()
    assert page == {"data": [], "meta": {"paging": {}}}
    assert not ids(http, "matters", **{"ids[]": str(key)})
    assert http.get(f"matters/{key}").status_code == 404
    assert http.get(f"matters/{key}/contacts").status_code == 404
    assert patch(http, f"matters/{key}", {"location": "z"}).status_code == 404
    clio.switches.emptied = set()
    assert key in ids(http, "matters")


def test_grow_withholds_too(clio: Simulator) -> None:
    """The same switches take the names of Grow's collections."""
    with httpx.Client(base_url=clio.grow_url, headers=clio.grow_headers) as grow:
        key = grow.get("/contacts").json()["data"][0]["id"]
        clio.switches.hidden_fields = {"grow.contacts": {"first_name"}}
        assert {row["first_name"] for row in grow.get("/contacts").json()["data"]} == {None}
        clio.switches.emptied = {"grow.contacts"}
        assert grow.get("/contacts").json()["data"] == []
        assert grow.get(f"/contacts/{key}").status_code == 404
        clio.switches.forbidden = {"grow.contacts"}
        assert grow.get("/contacts").status_code == 403


def test_switches_go_over_the_control_interface(clio: Simulator, http: httpx.Client) -> None:
    """Sets are lists in JSON, also inside; what is no switch cannot be set."""
    address = f"{clio.url}/_simulator/switches"
    given = {"hidden_fields": {"matters": ["client"]}, "emptied": ["tasks"]}
    shown = http.patch(address, json=given).json()["data"]
    assert {name: shown[name] for name in given} == given
    assert clio.switches.hidden_fields == {"matters": {"client"}}
    assert clio.switches.emptied == {"tasks"}
    assert http.get("matters", params={"fields": "client"}).json()["data"][0]["client"] is None
    with pytest.raises(AttributeError):
        clio.switches.hiden_fields = {}  # type: ignore[attr-defined]
    with client(clio) as other:
        assert other.get("tasks").json()["data"] == []
