"""Orders that a list does not document, and the contacts of a matter, which may come twice."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sources.clio_simulator import Simulator
from tests.contract.simulator_client import pages
from tests.unit.written import clean, firm


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


@pytest.fixture
def matter(clio: Simulator) -> dict[str, Any]:
    """Return a matter with its client, who is related to it too, and with a contact twice."""
    contacts = sorted(clio.store["contacts"].rows)
    fields = {"client": contacts[3], "display_number": "T-1", "status": "Open"}
    made = clio.changes.add("matters", fields)
    for contact, words in ((5, "Witness"), (1, "Expert"), (3, "Payer"), (1, "Witness")):
        row = {"matter": made["id"], "contact": contacts[contact], "description": words}
        clio.changes.add("relationships", row)
    return made | {"contacts": contacts}


def listed(http: httpx.Client, path: str, **given: str) -> list[tuple[int, str | None]]:
    """Return contact and role of each row of a list, walked in pages of two."""
    wanted = {"fields": "id,contact_id,relationship{id,description}", "limit": "2", **given}
    if "related" not in path:
        wanted["fields"] = wanted["fields"].replace("contact_id,", "")
    rows = [row for page in pages(http, path, **wanted) for row in page["data"]]
    return [
        (row.get("contact_id", row["id"]), (row["relationship"] or {}).get("description"))
        for row in rows
    ]


def test_contacts_of_a_matter_come_once_for_each_role(
    clio: Simulator, http: httpx.Client, matter: dict[str, Any]
) -> None:
    """By `id` they are in order of the relationship's, over pages, so that their own do not
    rise; the client without one is first or last, and stands last in the default order.
    """
    path, people = f"matters/{matter['id']}/contacts", matter["contacts"]
    related = [(people[5], "Witness"), (people[1], "Expert"), (people[3], "Payer")]
    related += [(people[1], "Witness")]
    client = [(people[3], None)]
    assert listed(http, path, order="id(asc)") == [*client, *related]
    assert listed(http, path, order="id(desc)") == [*reversed(related), *client]
    clio.switches.client_row = "last"
    assert listed(http, path, order="id(asc)") == [*related, *client]
    ended = listed(http, path)
    assert sorted(ended[-2:], key=str) == sorted([(people[3], "Payer"), *client], key=str)
    clio.switches.contact_listed_twice = False
    assert listed(http, path, order="id(asc)") == [related[0], related[2], related[3]]


def test_related_contacts_are_in_order_of_the_relationship(
    clio: Simulator, http: httpx.Client, matter: dict[str, Any]
) -> None:
    """Whether a row's own id is the relationship's or the contact's."""
    path, people = f"matters/{matter['id']}/related_contacts", matter["contacts"]
    related = [(people[5], "Witness"), (people[1], "Expert"), (people[3], "Payer")]
    related += [(people[1], "Witness")]
    assert listed(http, path, order="id(asc)") == related
    assert listed(http, path, order="id(desc)") == related[::-1]
    clio.switches.related_contact_id = "contact"
    assert listed(http, path, order="id(asc)") == related
    rows = http.get(path).json()["data"]
    assert [row["id"] for row in rows] == [contact for contact, _ in related]


def test_order_outside_the_listed_ones(clio: Simulator, http: httpx.Client) -> None:
    """400 that names `order`, or the default order."""
    refused = http.get("report_presets", params={"order": "id(asc)"})
    assert refused.status_code == 400
    assert "order" in refused.json()["error"]["message"]
    clio.switches.order_not_listed = "ignore"
    shown = http.get("report_presets", params={"order": "id(asc)"}).json()["data"]
    assert shown == http.get("report_presets").json()["data"] != []


def test_order_where_none_is_documented(clio: Simulator, http: httpx.Client) -> None:
    """It is ignored, or 400."""
    assert http.get("line_items", params={"order": "id(asc)"}).status_code == 200
    clio.switches.undocumented_order = "refuse"
    refused = http.get("line_items", params={"order": "id(asc)"})
    assert refused.status_code == 400
    assert "order" in refused.json()["error"]["message"]
    assert http.get("line_items").status_code == 200
    assert http.get("matters", params={"order": "id(asc)"}).status_code == 200
