"""A simulated Clio whose answers do not come, come elsewhere, or hold what nobody described."""

import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from threading import Thread

import httpx
import pytest

from sources.clio_simulator import SimulatedClock, Simulator
from sources.clio_simulator.faults import Redirect
from sources.clio_simulator.values import Raw
from tests.contract.simulator_client import client, ids
from tests.unit.written import clean, firm, first, patch, read


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
def grow(clio: Simulator) -> Iterator[httpx.Client]:
    """Return a client of Grow."""
    with httpx.Client(base_url=clio.grow_url, headers=clio.grow_headers) as opened:
        yield opened


@pytest.mark.parametrize(("way", "status"), [("500", 500), ("504", 504), ("unreadable", 200)])
def test_poisoned_record_breaks_its_pages_alone(
    clio: Simulator, http: httpx.Client, way: str, status: int
) -> None:
    """Each page that holds it, whatever the limit, and its own address; no other page."""
    keys = ids(http, "tasks")
    clio.switches.poison = {"tasks": {keys[2]}}
    clio.switches.poison_as = way  # type: ignore[assignment]
    broken = [http.get("tasks"), http.get("tasks", params={"limit": "3"})]
    broken += [http.get(f"tasks/{keys[2]}"), http.get("tasks", params={"ids[]": str(keys[2])})]
    for answer in broken:
        assert answer.status_code == status
        if status == 200:
            with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
                answer.json()
    page = http.get("tasks", params={"limit": "2"})
    assert [row["id"] for row in page.json()["data"]] == keys[:2]
    assert http.get(f"tasks/{keys[3]}").status_code == 200


def test_poison_may_need_nested_fields(clio: Simulator, http: httpx.Client) -> None:
    """Only a request for fields inside others breaks."""
    clio.switches.poison = {"tasks": {first(clio, "tasks")}}
    clio.switches.poison_only_nested = True
    assert http.get("tasks", params={"fields": "id,matter{id}"}).status_code == 500
    assert http.get("tasks", params={"fields": "id,matter"}).status_code == 200


def test_poison_in_grow(clio: Simulator, grow: httpx.Client) -> None:
    """Grow's records break their pages too."""
    clio.switches.poison = {"grow.contacts": {first_of_grow(clio)}}
    assert grow.get("/contacts").status_code == 500
    assert grow.get(f"/contacts/{first_of_grow(clio)}").status_code == 500
    assert grow.get("/matters").status_code == 200


def first_of_grow(clio: Simulator) -> int:
    """Return the first contact of Grow."""
    return next(iter(clio.grow_store["grow.contacts"].rows))


def test_heavy_list_answers_small_pages_alone(clio: Simulator, http: httpx.Client) -> None:
    """Above the limit that is answered, the default one included, the gateway says 504."""
    clio.switches.heavy_above = {"tasks": 10}
    assert http.get("tasks").status_code == 504
    assert http.get("tasks", params={"limit": "11"}).status_code == 504
    assert http.get("tasks", params={"limit": "10"}).status_code == 200
    assert http.get("notes", params={"type": "Matter"}).status_code == 200


@pytest.mark.parametrize(("bound", "rows"), [("no", 3), ("refuse", None), ("ignore", 5)])
def test_token_and_another_limit(
    clio: Simulator, http: httpx.Client, bound: str, rows: int | None
) -> None:
    """Another limit beside a token holds, is 400, or is ignored; the same one always goes on."""
    keys = ids(http, "tasks")
    address = http.get("tasks", params={"limit": "5"}).json()["meta"]["paging"]["next"]
    token = httpx.URL(address).params["page_token"]
    clio.switches.token_binds_limit = bound  # type: ignore[assignment]
    answer = http.get("tasks", params={"limit": "3", "page_token": token})
    if rows is None:
        assert answer.status_code == 400
        assert "limit" in answer.json()["error"]["message"]
    else:
        assert [row["id"] for row in answer.json()["data"]] == keys[5 : 5 + rows]
    same = http.get("tasks", params={"limit": "5", "page_token": token})
    assert [row["id"] for row in same.json()["data"]] == keys[5:10]


def test_list_may_have_a_lower_maximum(clio: Simulator, http: httpx.Client) -> None:
    """It is served, or refused with 422 that names the limit; the maximum itself is taken."""
    clio.switches.limit_maximum = {"tasks": 4}
    assert len(http.get("tasks", params={"limit": "200"}).json()["data"]) == 4
    clio.switches.limit_above_maximum = "refuse"
    refused = http.get("tasks", params={"limit": "5"})
    assert refused.status_code == 422
    assert "limit" in refused.json()["error"]["message"]
    assert http.get("tasks", params={"limit": "4"}).status_code == 200


@pytest.mark.parametrize(
    ("case", "accepted", "refused"),
    [
        ("any", ["matter", "Matter"], []),
        ("lower", ["matter"], ["Matter"]),
        ("upper", ["Matter"], ["matter", "MATTER"]),
    ],
)
def test_case_of_the_type_of_notes(
    clio: Simulator, http: httpx.Client, case: str, accepted: list[str], refused: list[str]
) -> None:
    """Both cases are taken, or one alone; the other one is 422."""
    notes = [row["id"] for row in clio.store["notes"].rows.values() if row["type"] == "Matter"]
    clio.switches.type_case = case  # type: ignore[assignment]
    for text in accepted:
        assert ids(http, "notes", type=text) == notes
    for text in refused:
        assert http.get("notes", params={"type": text}).status_code == 422


def test_practice_areas_may_lie_elsewhere(clio: Simulator, http: httpx.Client) -> None:
    """The old path is a 307 to the new one on the same origin, which has the rows and pages."""
    before = ids(http, "practice_areas")
    assert http.get("practice_areas_with_categories").status_code == 404
    clio.switches.practice_areas_redirect = True
    answer = http.get("practice_areas.json", params={"limit": "2", "fields": "id,name"})
    assert answer.status_code == 307
    location = httpx.URL(answer.headers["Location"])
    assert location.copy_with(query=None) == (
        f"{clio.url}/api/v4/practice_areas_with_categories.json"
    )
    page = http.get(location).json()
    assert set(page["data"][0]) == {"id", "name"}
    assert len(page["data"]) == 2
    assert ids(http, "practice_areas_with_categories", limit="2") == before
    assert http.get(f"practice_areas/{before[0]}").status_code == 200


def test_redirect_to_a_sign_in_page(clio: Simulator, http: httpx.Client) -> None:
    """A network's own sign-in page answers instead of Clio, on any path, by a 302."""
    clio.faults.add(Redirect("https://login.example.net/portal", 302), "tasks", times=None)
    answer = http.get("tasks")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "https://login.example.net/portal"


@pytest.mark.parametrize("value", [Raw(b'"\\ud800"'), "\ud800", "\0", [], {"a": 1}, 5, True, "x"])
def test_misfit_takes_the_place_of_a_value(
    clio: Simulator, http: httpx.Client, value: object
) -> None:
    """In lists, items and answers to writes; the record itself keeps what it holds."""
    key = first(clio)
    before = clio.dump("matters")
    clio.switches.misfits = {"matters": {key: {"client": value, "close_date": value}}}
    asked = {"fields": "id,client{id},close_date", "limit": "2"}
    sent = "\ud800" if isinstance(value, Raw) else value
    rows = http.get("matters", params=asked).json()["data"]
    assert (rows[0]["client"], rows[0]["close_date"]) == (sent, sent)
    assert rows[1]["client"]["id"]
    assert read(http, f"matters/{key}", "client")["client"] == sent
    assert clio.dump("matters") == before
    written = patch(http, f"matters/{key}", {"location": "m"}, fields="client,location")
    assert written.json()["data"] == {"client": sent, "location": "m"}
    clio.switches.misfits = {}
    assert read(http, f"matters/{key}", "client{id}")["client"] == {"id": before[0]["client"]["id"]}


def test_misfit_of_a_stamp_and_in_grow(clio: Simulator, grow: httpx.Client) -> None:
    """A stamp in the future is shown; over the control interface ids are text, and so in Grow."""
    key = first_of_grow(clio)
    stamp = "2999-01-01T00:00:00Z"
    misfits = {"grow.contacts": {str(key): {"updated_at": stamp, "emails": {"$raw": "1e400"}}}}
    httpx.patch(f"{clio.url}/_simulator/switches", json={"misfits": misfits}).raise_for_status()
    answer = grow.get("/contacts")
    assert next(r for r in answer.json()["data"] if r["id"] == key)["updated_at"] == stamp
    assert b"1e400" in answer.content
    shown = httpx.get(f"{clio.url}/_simulator/switches").json()["data"]["misfits"]
    assert shown == misfits


def test_merged_contact_may_answer_with_its_survivor(clio: Simulator, http: httpx.Client) -> None:
    """404, or 200 with the record that it went into, over several merges; no list names it."""
    one, two, three = ids(http, "contacts")[-3:]
    clio.changes.merge(two, three)
    clio.changes.merge(one, two)
    assert http.get(f"contacts/{three}").status_code == 404
    clio.switches.merged_answers_survivor = True
    for gone in (two, three):
        assert read(http, f"contacts/{gone}", "id,etag") == read(http, f"contacts/{one}", "id,etag")
    assert not ids(http, "contacts", **{"ids[]": str(three)})
    clio.changes.hide("contacts", one)
    assert http.get(f"contacts/{three}").status_code == 404
    clio.changes.restore("contacts", one)


@pytest.mark.parametrize("lists", [("tasks",), ()])
def test_list_hangs_until_the_caller_gives_up(
    clio: Simulator, http: httpx.Client, lists: tuple[str, ...]
) -> None:
    """The request is taken and never answered; single records are. It is logged when it ends."""
    clio.switches.hang = set(lists) or True
    with client(clio) as patient, pytest.raises(httpx.ReadTimeout):
        patient.get("tasks", timeout=0.2)
    assert http.get(f"tasks/{first(clio, 'tasks')}").status_code == 200
    clio.switches.hang = False
    until = time.monotonic() + 5
    while not any(asked.status == 499 for asked in clio.requests):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert http.get("tasks").status_code == 200


def test_hanging_list_ends_with_the_simulator() -> None:
    """Who still waits when the simulator stops is cut off, and the simulator does stop."""
    ended: list[type[Exception]] = []

    def wait(address: str, headers: Mapping[str, str]) -> None:
        try:
            httpx.get(address, headers=headers, timeout=30)
        except httpx.HTTPError as error:
            ended.append(type(error))

    with Simulator(rate_limit=0, scale=0.1, hang={"tasks"}) as clio:
        address = f"{clio.url}/api/v4/tasks"
        waiting = Thread(target=wait, args=(address, clio.headers), daemon=True)
        waiting.start()
        time.sleep(0.2)
        assert waiting.is_alive()
        started = time.monotonic()
    waiting.join(5)
    assert time.monotonic() - started < 5
    assert ended == [httpx.RemoteProtocolError]


def test_date_may_be_off_for_some_answers(
    clio: Simulator, http: httpx.Client, grow: httpx.Client
) -> None:
    """So many answers of either product have the offset, or all of them."""

    def off(answer: httpx.Response) -> float:
        return parsedate_to_datetime(answer.headers["Date"]).timestamp() - clio.clock.now() / 1000

    clio.switches.date_offset = 7200
    clio.switches.date_answers = 2
    asked = [grow.get("/contacts"), http.get("tasks"), http.get("tasks"), grow.get("/contacts")]
    assert [round(off(answer)) for answer in asked] == [7200, 7200, 0, 0]
    clio.switches.date_answers = None
    assert [round(off(http.get("tasks"))) for _ in range(3)] == [7200] * 3


def test_deprecation_and_another_version(clio: Simulator, http: httpx.Client) -> None:
    """Answers of a path say that it will end, and any answer that it has another version."""
    sunset = "Sat, 31 Jan 2099 00:00:00 GMT"
    clio.switches.deprecation = {"tasks": sunset, "matters*": ""}
    headers = http.get("tasks").headers
    assert (headers["Deprecation"], headers["Sunset"]) == ("true", sunset)
    headers = http.get(f"matters/{first(clio)}").headers
    assert headers["Deprecation"] == "true"
    assert "Sunset" not in headers
    assert "Deprecation" not in http.get("contacts").headers
    clio.switches.answers_version = "4.0.12"
    asked = {"X-API-VERSION": "4.0.13"}
    assert http.get("tasks", headers=asked).headers["X-API-VERSION"] == "4.0.12"


def test_lower_rate_of_grow_is_shared_by_its_tokens() -> None:
    """Two requests a second for the application, whoever asks; the third one is a bare 429."""
    with Simulator(scale=0.1, clock=SimulatedClock(running=False)) as clio:
        clio.switches.grow_tokens = {"one", "two"}

        def ask(token: str) -> httpx.Response:
            headers = {"Authorization": f"Bearer {token}"}
            return httpx.get(f"{clio.grow_url}/contacts", headers=headers)

        assert [ask("one").status_code for _ in range(4)] == [200, 200, 200, 429]
        clio.clock.advance(1)
        clio.switches.grow_rate_limit = 2
        answers = [ask("one"), ask("two"), ask("one")]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[2].json() == {"message": "Too Many Requests"}
        assert "Retry-After" not in answers[2].headers
