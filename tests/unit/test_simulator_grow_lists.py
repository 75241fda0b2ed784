"""Grow's lists: pages, links, filters, and what is refused."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sources.clio_simulator import Seed, SimulatedClock, Simulator
from sources.clio_simulator.changes import When
from sources.clio_simulator.faults import Reset, Status, TokenExpired, TooMany, Unauthorized


@pytest.fixture
def clio() -> Iterator[Simulator]:
    """Return a simulator with a standing clock."""
    with Simulator(rate_limit=0, clock=SimulatedClock(running=False)) as simulator:
        yield simulator


@pytest.fixture
def http(clio: Simulator) -> Iterator[httpx.Client]:
    """Return a client that is signed in to Grow."""
    base = f"{clio.grow_url}/"
    with httpx.Client(base_url=base, headers=clio.grow_headers, timeout=5) as opened:
        yield opened


def pages(http: httpx.Client, path: str, **asked: str) -> Iterator[dict[str, Any]]:
    """Yield the pages of a list, as a client does that re-sends the token with its filters."""
    parameters = dict(asked)
    while True:
        answer = http.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        yield answer.json()
        after = answer.json()["meta"]["paging"].get("next")
        if after is None:
            return
        parameters = {**asked, "page_token": httpx.URL(after).params["page_token"]}


def ids(http: httpx.Client, path: str, **asked: str) -> list[int]:
    """Return the ids of a whole list."""
    return [row["id"] for page in pages(http, path, **asked) for row in page["data"]]


def known(clio: Simulator, collection: str) -> list[int]:
    """Return the ids of all records of a collection."""
    return list(clio.grow_store[f"grow.{collection}"].rows)


LISTS = ("contacts", "matters", "users", "custom_actions", "sources", "matter_types", "locations")


def test_list_is_whole_and_in_order_of_id(clio: Simulator, http: httpx.Client) -> None:
    """Every record of a collection is in its list, once, by ascending id."""
    clio.switches.grow_page_size = 3
    for name in LISTS:
        assert ids(http, name) == sorted(known(clio, name))


def test_page_holds_200(clio: Simulator, http: httpx.Client) -> None:
    """A page holds 200 records whatever is asked for, and the last one has no key `next`."""
    for number in range(160):
        clio.changes.add("grow.contacts", {"name": f"Added {number}", "type": "Person"})
    first, last = pages(http, "contacts", limit="10")
    assert [len(page["data"]) for page in (first, last)] == [200, 10]
    assert "next" not in last["meta"]["paging"]
    assert "previous" not in first["meta"]["paging"]


def test_previous_leads_back(clio: Simulator, http: httpx.Client) -> None:
    """The link back gives the page before."""
    clio.switches.grow_page_size = 20
    first, second, _ = pages(http, "contacts")
    assert http.get(second["meta"]["paging"]["previous"]).json()["data"] == first["data"]


def test_next_may_be_null(clio: Simulator, http: httpx.Client) -> None:
    """By a switch the last page says `next: null`."""
    clio.switches.grow_nulls_in_paging = True
    assert http.get("users").json()["meta"] == {"paging": {"next": None}}


@pytest.mark.parametrize(
    ("base", "stands_on", "status"),
    [
        ("server", "{}/contacts", 200),
        ("server_plus_v2", "{}/v2/contacts", 404),
        ("grow_host_api_v2", "https://grow.clio.com/api/v2/contacts", 0),
    ],
)
def test_next_stands_on_one_of_three_bases(
    clio: Simulator, http: httpx.Client, base: str, stands_on: str, status: int
) -> None:
    """Only the token of the link can be relied on: it works on the base that one knows."""
    clio.switches.grow_next_base = base  # type: ignore[assignment]
    clio.switches.grow_page_size = 20
    link = httpx.URL(http.get("contacts").json()["meta"]["paging"]["next"])
    assert str(link.copy_with(query=None)) == stands_on.format(clio.grow_url)
    assert len(ids(http, "contacts")) == 50
    if status:
        assert http.get(link).status_code == status


@pytest.mark.parametrize(
    ("where", "in_link", "followed"), [("link", 1, 12), ("token", 0, 12), ("lost", 0, 0)]
)
def test_filters_in_next(
    clio: Simulator, http: httpx.Client, where: str, in_link: int, followed: int
) -> None:
    """The link holds the filters, or the token does, or none of them: then following it is 400."""
    clio.switches.grow_next_filters = where  # type: ignore[assignment]
    clio.switches.grow_page_size = 7
    page = http.get("inbox_leads", params={"state": "untriaged"}).json()
    link = page["meta"]["paging"]["next"]
    assert link.count("state=untriaged") == in_link
    rest = http.get(link)
    rows = len(page["data"]) + len(rest.json()["data"]) if rest.status_code == 200 else 0
    assert rows == followed
    assert len(ids(http, "inbox_leads", state="untriaged")) == 12


def test_token_of_another_list_is_refused(clio: Simulator, http: httpx.Client) -> None:
    """A token is of one list only, and one that was kept too long is refused too."""
    clio.switches.grow_page_size = 20
    link = httpx.URL(http.get("contacts").json()["meta"]["paging"]["next"])
    asked = {"page_token": link.params["page_token"]}
    assert http.get("matters", params=asked).status_code == 400
    assert http.get("matters", params={"page_token": "nonsense"}).status_code == 400
    clio.faults.add(TokenExpired(400), "grow/contacts")
    refused = http.get("contacts", params=asked)
    assert refused.status_code == 400
    assert set(refused.json()["error"]) == {"status", "message"}


def test_since_is_inclusive(clio: Simulator, http: httpx.Client) -> None:
    """A record stamped at the moment itself is there, or not, by a switch."""
    key = known(clio, "contacts")[3]
    clio.changes.update("grow.contacts", key, {"name": "new"})
    clio.changes.add("grow.contacts", {"name": "added", "type": "Person"})
    now, later = "2026-03-31T12:00:00Z", "2026-03-31T12:00:01Z"
    assert ids(http, "contacts", updated_since=now) == [key, max(known(clio, "contacts"))]
    assert ids(http, "contacts", created_since=now) == [max(known(clio, "contacts"))]
    assert ids(http, "contacts", updated_since=later) == []
    clio.switches.grow_since_inclusive = False
    assert ids(http, "contacts", updated_since=now) == []


def test_ids_are_1_to_50_integers(clio: Simulator, http: httpx.Client) -> None:
    """`ids[]` gives those of the records that exist; none, 51 or text are refused."""
    some = known(clio, "contacts")[:50]
    found = http.get("contacts", params={"ids[]": [1, *reversed(some[:49])]}).json()["data"]
    assert [row["id"] for row in found] == some[:49]
    for wrong in ([*some, 1], ["x"], [""]):
        assert http.get("contacts", params={"ids[]": wrong}).status_code == 400


def test_state_of_leads_is_required(clio: Simulator, http: httpx.Client) -> None:
    """Only untriaged and ignored leads can be listed, and one must say which."""
    for wrong in ({}, {"state": ""}, {"state": "accepted"}):
        assert http.get("inbox_leads", params=wrong).status_code == 400
    both = [key for s in ("untriaged", "ignored") for key in ids(http, "inbox_leads", state=s)]
    accepted = [row["id"] for row in clio.dump("grow.inbox_leads") if row["state"] == "accepted"]
    assert accepted
    assert sorted([*both, *accepted]) == known(clio, "inbox_leads")


def test_query_searches_names_mails_and_phones(clio: Simulator, http: httpx.Client) -> None:
    """A part of a name, e-mail or phone number finds contacts and leads, whatever its case."""
    row = clio.dump("grow.contacts")[0]
    for part in (row["name"][2:8].upper(), row["emails"][0][:8], row["phone_numbers"][0][-7:]):
        assert row["id"] in ids(http, "contacts", query=part)
    assert ids(http, "contacts", query="nobody is called so") == []
    lead = next(row for row in clio.dump("grow.inbox_leads") if row["state"] == "untriaged")
    found = ids(http, "inbox_leads", state="untriaged", query=lead["first_name"][:6])
    assert lead["id"] in found


def test_matters_of_a_lead(clio: Simulator, http: httpx.Client) -> None:
    """Matters are found by the lead that they came from, and by who submitted it."""
    came = {r["inbox_lead_id"]: r["id"] for r in clio.dump("grow.matters") if r["inbox_lead_id"]}
    assert came
    for lead, matter in came.items():
        assert ids(http, "matters", inbox_lead_id=str(lead)) == [matter]
    assert http.get("matters", params={"inbox_lead_id": "x"}).status_code == 400
    own = {r["id"] for r in clio.grow_store["grow.inbox_leads"].after(-1) if r["_submitted"]}
    submitted = ids(http, "matters", submitted_only="true")
    assert submitted == sorted(came[lead] for lead in own & came.keys())
    assert submitted


def test_notes_belong_to_a_parent(clio: Simulator, http: httpx.Client) -> None:
    """Each contact and matter has a list of its own; that of no parent is 404."""
    for name in ("contacts", "matters"):
        notes = clio.dump(f"grow.{name.removesuffix('s')}_notes")
        for key in known(clio, name):
            mine = [n["id"] for n in notes if n[f"{name.removesuffix('s')}_id"] == key]
            assert ids(http, f"{name}/{key}/notes") == mine
        assert http.get(f"{name}/1/notes").status_code == 404
    other = clio.dump("grow.contact_notes")[-1]["id"]
    first = known(clio, "contacts")[0]
    assert ids(http, f"contacts/{first}/notes", **{"ids[]": str(other)}) == []


def test_notes_have_pages_of_their_own() -> None:
    """As many notes as one asks for are shared out, and a parent's list has pages too."""
    seed = Seed(grow_contacts=3, grow_matters=3, grow_leads=3, grow_notes=1_100)
    with (
        Simulator(seed, rate_limit=0) as clio,
        httpx.Client(base_url=f"{clio.grow_url}/", headers=clio.grow_headers) as http,
    ):
        first = known(clio, "contacts")[0]
        assert [len(p["data"]) for p in pages(http, f"contacts/{first}/notes")] == [200, 20]


def test_unknown_parameters_are_ignored_or_refused(clio: Simulator, http: httpx.Client) -> None:
    """What Grow does not document as `limit` does nothing; by a switch it is refused."""
    asked = {"limit": "2", "fields": "id", "order": "id(desc)"}
    assert http.get("users", params=asked).json() == http.get("users").json()
    clio.switches.strict_parameters = True
    assert http.get("users", params=asked).status_code == 400
    assert http.get("users", params={"ids[]": "90101"}).status_code == 200


def test_walk_without_filter_may_time_out(clio: Simulator, http: httpx.Client) -> None:
    """By a switch an unfiltered walk ends in a gateway's 504; any filter helps."""
    clio.switches.grow_page_size = 10
    clio.switches.grow_timeouts = {"matters": 2}
    page = http.get("matters")
    late = http.get(page.json()["meta"]["paging"]["next"])
    assert (page.status_code, late.status_code) == (200, 504)
    assert set(late.json()) == {"message"}
    assert len(ids(http, "matters", created_since="2000-01-01T00:00:00Z")) == 40


def test_changes_around_pages(clio: Simulator, http: httpx.Client) -> None:
    """Records can change before and after a page is served."""
    clio.switches.grow_page_size = 20
    keys = known(clio, "contacts")
    clio.changes.remove("grow.contacts", keys[30], when=When.after("grow.contacts", 1))
    clio.changes.hide("grow.contacts", keys[45], when=When.before("grow.contacts", 3))
    assert ids(http, "contacts") == [*keys[:30], *keys[31:45], *keys[46:]]


def test_faults_reach_grow_alone(clio: Simulator, http: httpx.Client) -> None:
    """A rule names Grow's paths, and its refusals have Grow's shape."""
    clio.faults.add(Status(503), "grow/contacts")
    clio.faults.add(Unauthorized(), "grow/users")
    clio.faults.add(TooMany("2"), "grow/sources")
    answers = [http.get(path) for path in ("contacts", "users", "sources")]
    assert [answer.status_code for answer in answers] == [503, 401, 429]
    assert all(set(a.json()["error"]) == {"status", "message"} for a in answers[:2])
    assert answers[2].json() == {"message": "Too Many Requests"}
    assert answers[2].headers["Retry-After"] == "2"
    manage = httpx.get(f"{clio.url}/api/v4/contacts", headers=clio.headers)
    assert manage.status_code == 200


def test_rule_may_name_a_method(clio: Simulator, http: httpx.Client) -> None:
    """A rule for one method leaves the others alone."""
    clio.faults.add(Reset(), "grow/*", method="POST", times=None)
    assert http.get("contacts").status_code == 200
    with pytest.raises(httpx.TransportError):
        http.post("contacts", json={})


def test_log_names_the_collection(clio: Simulator, http: httpx.Client) -> None:
    """The log tells Grow's requests from Manage's, with page and rows."""
    http.get("contacts")
    http.get(f"contacts/{known(clio, 'contacts')[0]}/notes")
    first, second = clio.requests
    assert (first.path, first.collection, first.page) == ("/grow/contacts", "grow.contacts", 1)
    assert (first.rows, second.collection) == (50, "grow.contact_notes")
    assert clio.grow_token not in repr(clio.requests)
