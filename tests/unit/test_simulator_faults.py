"""Each fault really happens to a client on a socket."""

import time
from collections.abc import Iterator

import httpx
import orjson
import pytest

from sources.clio_simulator import SimulatedClock, Simulator, faults
from tests.contract.simulator_client import client, pages


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    """Return one simulator for all faults."""
    with Simulator(rate_limit=0, clock=SimulatedClock(running=False)) as simulator:
        yield simulator


@pytest.fixture
def clio(running: Simulator) -> Iterator[Simulator]:
    """Return the simulator without faults."""
    running.faults.clear()
    running.requests.clear()
    yield running
    running.faults.clear()


@pytest.fixture
def http(clio: Simulator) -> Iterator[httpx.Client]:
    """Return a client that follows no redirects."""
    with client(clio) as opened:
        yield opened


@pytest.mark.parametrize("status", [500, 502, 503, 504, 404])
def test_status_then_recovery(clio: Simulator, http: httpx.Client, status: int) -> None:
    """A status is answered as many times as asked, then the list again."""
    clio.faults.add(faults.Status(status), "matters", times=2)
    found = [http.get("matters").status_code for _ in range(3)]
    assert found == [status, status, 200]


@pytest.mark.parametrize(
    "text", ["30", "-1", "1000000000", "soon", "Wed, 21 Oct 2026 07:28:00 GMT", None]
)
def test_too_many_requests(clio: Simulator, http: httpx.Client, text: str | None) -> None:
    """429 comes with any Retry-After, or none."""
    clio.faults.add(faults.TooMany(text))
    answer = http.get("matters")
    assert answer.status_code == 429
    assert answer.headers.get("Retry-After") == text


def test_unauthorized_once(clio: Simulator, http: httpx.Client) -> None:
    """401 in OAuth's shape, once."""
    clio.faults.add(faults.Unauthorized(), nth=2)
    found = [http.get("matters") for _ in range(3)]
    assert [answer.status_code for answer in found] == [200, 401, 200]
    assert found[1].json()["error"] == "invalid_token"


def test_forbidden_names_the_scope(clio: Simulator, http: httpx.Client) -> None:
    """403 names the missing permission; other lists go on."""
    clio.faults.add(faults.Forbidden("Billing"), "bills*", times=None)
    assert "Billing" in http.get("bills").json()["error"]["message"]
    assert http.get("matters").status_code == 200


def test_redirect(clio: Simulator, http: httpx.Client) -> None:
    """302 to another host."""
    clio.faults.add(faults.Redirect("https://login.example.com/"))
    assert http.get("matters").headers["Location"] == "https://login.example.com/"


def test_html_with_200(clio: Simulator, http: httpx.Client) -> None:
    """200 with a page for people."""
    clio.faults.add(faults.Html())
    answer = http.get("matters")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_reset_before_the_first_byte(clio: Simulator, http: httpx.Client) -> None:
    """The connection is reset."""
    clio.faults.add(faults.Reset())
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        http.get("matters")
    assert http.get("matters").status_code == 200


def test_reset_in_mid_body(clio: Simulator, http: httpx.Client) -> None:
    """Head and half of the body arrive, then the connection is reset."""
    clio.faults.add(faults.Reset(keep=0.5))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        http.get("matters")
    assert http.get("matters").status_code == 200


def test_length_larger_than_the_body(clio: Simulator, http: httpx.Client) -> None:
    """Content-Length claims more than comes."""
    clio.faults.add(faults.WrongLength(100))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        http.get("matters")


def test_json_cut_without_a_length(clio: Simulator, http: httpx.Client) -> None:
    """Half of the body arrives as if it were all."""
    clio.faults.add(faults.Cut(0.5))
    answer = http.get("matters")
    assert answer.status_code == 200
    assert "Content-Length" not in answer.headers
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(answer.content)


def test_slow_drip(clio: Simulator, http: httpx.Client) -> None:
    """Bytes come one by one, each soon enough for a read timeout, together too late. However the
    network joins them, the fortieth cannot be there before forty pauses are over.
    """
    clio.faults.add(faults.Drip(0.01))
    began = time.monotonic()
    with http.stream("GET", "matters", params={"limit": "1"}) as answer:
        bytes_of = answer.iter_raw(1)
        dripped = [len(next(bytes_of)) for _ in range(40)]
    assert dripped == [1] * 40
    assert time.monotonic() - began > 40 * 0.01 * 0.9


def test_answer_that_does_not_come(clio: Simulator, http: httpx.Client) -> None:
    """The answer waits longer than the client."""
    clio.faults.add(faults.Wait(1.0))
    with pytest.raises(httpx.ReadTimeout):
        http.get("matters", timeout=0.1)


def test_huge_body(clio: Simulator, http: httpx.Client) -> None:
    """A body far larger than a page."""
    clio.faults.add(faults.Huge(3_000_000))
    assert len(http.get("matters").content) > 2_900_000


def test_gzip_bomb(clio: Simulator, http: httpx.Client) -> None:
    """A few kilobytes that unpack to megabytes."""
    clio.faults.add(faults.GzipBomb(3_000_000), times=2)
    with http.stream("GET", "matters") as answer:
        assert sum(map(len, answer.iter_raw())) < 10_000
    assert len(http.get("matters").content) > 2_900_000


def test_fields_are_refused_as_long_as_they_are_asked_for(
    clio: Simulator, http: httpx.Client
) -> None:
    """400 InvalidFields names those refused fields that were asked for."""
    clio.faults.add(faults.RefuseFields(("location", "client.name")), "matters", times=None)
    answer = http.get("matters", params={"fields": "id,location,client{name}"})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "InvalidFields"
    assert "'location', 'client.name'" in answer.json()["error"]["message"]
    assert http.get("matters", params={"fields": "id,client{id}"}).status_code == 200


def test_same_token_again(clio: Simulator, http: httpx.Client) -> None:
    """`next` leads to the page itself."""
    clio.faults.add(faults.SameToken(), "matters", page=2, times=None)
    second = http.get("matters", params={"limit": "5"}).json()["meta"]["paging"]["next"]
    again = http.get(second).json()
    repeated = http.get(again["meta"]["paging"]["next"]).json()
    assert repeated["data"] == again["data"]


def test_next_is_forgotten(clio: Simulator, http: httpx.Client) -> None:
    """`next` is left out, after half a page, or all of `meta`."""
    clio.faults.add(faults.ForgetNext(half_page=True), "matters", page=1)
    half = http.get("matters", params={"limit": "10"}).json()
    assert len(half["data"]) == 5
    assert half["meta"]["paging"] == {}
    clio.faults.add(faults.ForgetNext(whole_meta=True), "matters", page=1)
    assert set(http.get("matters", params={"limit": "10"}).json()) == {"data"}


@pytest.mark.parametrize(
    "base", ["https://evil.example.com", "file://", "http://app.clio.com@evil.example.com"]
)
def test_next_elsewhere(clio: Simulator, http: httpx.Client, base: str) -> None:
    """`next` names another host or scheme, or hides it behind user information."""
    clio.faults.add(faults.NextElsewhere(base), "matters")
    assert (
        http.get("matters", params={"limit": "5"}).json()["meta"]["paging"]["next"].startswith(base)
    )


def test_null_next(clio: Simulator, http: httpx.Client) -> None:
    """`next` is null instead of absent."""
    clio.faults.add(faults.NullNext())
    assert http.get("matters").json()["meta"]["paging"] == {"next": None}


def test_empty_page_with_next(clio: Simulator, http: httpx.Client) -> None:
    """An empty page leads on; nothing is lost behind it."""
    clio.faults.add(faults.EmptyPage(), "matters", page=2)
    found = list(pages(http, "matters", limit="10"))
    assert found[1]["data"] == []
    assert sum(len(page["data"]) for page in found) == 40


def test_rows_out_of_order_and_repeated(clio: Simulator, http: httpx.Client) -> None:
    """Records come descending, or are those of the page before."""
    clio.faults.add(faults.Shuffled(), "matters", page=1)
    clio.faults.add(faults.RepeatPage(), "matters", page=2)
    first, second = list(pages(http, "matters", limit="10"))[:2]
    assert second["data"] == first["data"][::-1]


def test_duplicate_and_null_ids(clio: Simulator, http: httpx.Client) -> None:
    """One id stands twice in a page, or is null."""
    clio.faults.add(faults.Duplicate({"etag": "other"}), "matters")
    rows = http.get("matters").json()["data"]
    assert rows[0]["id"] == rows[1]["id"]
    assert rows[1]["etag"] == "other"
    clio.faults.add(faults.null_id(3), "matters")
    assert http.get("matters").json()["data"][3]["id"] is None


@pytest.mark.parametrize("status", [410, 422])
def test_page_token_expired(clio: Simulator, http: httpx.Client, status: int) -> None:
    """A kept token is refused; a fresh walk is served."""
    second = http.get("matters", params={"limit": "5"}).json()["meta"]["paging"]["next"]
    clio.faults.add(faults.TokenExpired(status), "matters", times=None)
    assert http.get(second).status_code == status
    assert http.get("matters").status_code == 200


def test_date_header(clio: Simulator, http: httpx.Client) -> None:
    """Date is left out, hours off, or going back."""
    clio.faults.add(faults.Header("Date", None), nth=1)
    clio.faults.add(faults.ShiftDate(7200), nth=2)
    clio.faults.add(faults.ShiftDate(-60), nth=3)
    found = [http.get("matters").headers.get("Date") for _ in range(3)]
    assert found[0] is None
    assert str(found[1]).endswith("14:00:00 GMT")
    assert str(found[2]).endswith("11:59:00 GMT")


def test_version_header(clio: Simulator, http: httpx.Client) -> None:
    """The answer tells of another version, or of the end of this one."""
    clio.faults.add(faults.Header("X-API-VERSION", "4.0.14"))
    clio.faults.add(faults.Header("Deprecation", "true"))
    answer = http.get("matters")
    assert answer.headers["X-API-VERSION"] == "4.0.14"
    assert answer.headers["Deprecation"] == "true"


@pytest.mark.parametrize(
    "text",
    [
        '"1,234.50"',
        "1e400",
        "NaN",
        "4.5",
        "{}",
        '"\\ud800"',
        '"\\u0000"',
        '"' + "x" * 1_000_000 + '"',
        '"\udcff\udcfe"',
        '1,"id":2',
        '"2026-13-45T99:00:00"',
        "[" * 1000 + "]" * 1000,
        "9007199254740993",
    ],
)
def test_raw_values(clio: Simulator, http: httpx.Client, text: str) -> None:
    """Any bytes can stand in the place of a value, exactly as given."""
    clio.faults.add(faults.Value("description", text, row=1), "matters")
    answer = http.get("matters", params={"fields": "id,description", "limit": "3"})
    raw = b'"description":' + text.encode("utf-8", "surrogateescape")
    assert answer.content.count(raw) == 1
    assert raw not in http.get("matters", params={"fields": "id,description", "limit": "3"}).content


def test_rules_by_chance_repeat(clio: Simulator, http: httpx.Client) -> None:
    """What is left to chance depends on the seed alone, and is counted."""
    rule = clio.faults.add(faults.Status(503), times=None, probability=0.5)
    found = {http.get("matters").status_code for _ in range(20)}
    assert found == {200, 503}
    assert 0 < rule.played < rule.matched == 20


def test_faults_stand_in_the_log(clio: Simulator, http: httpx.Client) -> None:
    """The log names the faults that were played on a request."""
    clio.faults.add(faults.Status(500))
    http.get("matters")
    assert clio.requests[-1].faults == ("Status",)
    assert clio.requests[-1].status == 500


def test_empty_list(clio: Simulator, http: httpx.Client) -> None:
    """A full list looks empty, and complete."""
    clio.faults.add(faults.EmptyList(), "matters")
    assert http.get("matters", params={"limit": "5"}).json() == {"data": [], "meta": {"paging": {}}}


def test_timeout_of_an_unfiltered_walk(clio: Simulator, http: httpx.Client) -> None:
    """A rule may spare requests that give a parameter, as those that ask for a smaller slice."""
    clio.faults.add(faults.Status(504), "matters", times=None, absent=("created_since",))
    assert http.get("matters").status_code == 504
    sliced = {"created_since": "2025-01-01T00:00:00Z"}
    assert http.get("matters", params=sliced).status_code == 200
