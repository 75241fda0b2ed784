"""Who may ask, with which version, how often; and records that have not changed."""

from collections.abc import Iterator

import httpx
import pytest

from sources.clio_simulator import SimulatedClock, Simulator
from sources.clio_simulator.changes import When
from sources.clio_simulator.faults import Reset, Status
from tests.contract.simulator_client import client, ids


@pytest.fixture
def clio() -> Iterator[Simulator]:
    """Return a simulator with a standing clock."""
    with Simulator(rate_limit=0, clock=SimulatedClock(running=False)) as simulator:
        yield simulator


@pytest.fixture
def http(clio: Simulator) -> Iterator[httpx.Client]:
    """Return a client."""
    with client(clio) as opened:
        yield opened


def test_foreign_token_is_refused_in_the_shape_of_oauth(http: httpx.Client) -> None:
    """Without an accepted token the answer is 401 with error and error_description."""
    answer = http.get("matters", headers={"Authorization": "Bearer other"})
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_token"
    assert "error_description" in answer.json()
    assert "invalid_token" in answer.headers["WWW-Authenticate"]


def test_tokens_can_be_changed(clio: Simulator, http: httpx.Client) -> None:
    """A token that is taken away is refused from then on."""
    clio.switches.tokens = {"another"}
    assert http.get("matters").status_code == 401
    assert http.get("matters", headers={"Authorization": "Bearer another"}).status_code == 200


@pytest.mark.parametrize("version", ["4.0.99", "4.0.1", "latest", "5.0.0", "4.0"])
def test_bad_version_is_gone(http: httpx.Client, version: str) -> None:
    """A malformed, unknown or retired version is 410."""
    assert http.get("matters", headers={"X-API-VERSION": version}).status_code == 410


def test_version_is_echoed(http: httpx.Client) -> None:
    """The version used stands in the answer; without one it is the default."""
    echoed = http.get("matters", headers={"X-API-VERSION": "4.0.12"})
    assert echoed.headers["X-API-VERSION"] == "4.0.12"
    assert http.get("matters").headers["X-API-VERSION"] == "4.0.13"


def test_rate_limit_counts_down_and_starts_again(clio: Simulator, http: httpx.Client) -> None:
    """Each token has so many requests in a window; then 429 with Retry-After in seconds."""
    clio.switches.rate_limit = 3
    left = [http.get("matters").headers["X-RateLimit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    refused = http.get("matters")
    assert refused.status_code == 429
    assert refused.headers["X-RateLimit-Limit"] == "3"
    assert "Retry in" in refused.json()["error"]["message"]
    wait = int(refused.headers["Retry-After"])
    assert int(refused.headers["X-RateLimit-Reset"]) * 1000 == clio.clock.now() + wait * 1000
    clio.clock.advance(wait)
    assert http.get("matters").status_code == 200


def test_rate_limit_is_per_token(clio: Simulator, http: httpx.Client) -> None:
    """Another token has a window of its own."""
    clio.switches.rate_limit = 1
    clio.switches.tokens.add("second")
    http.get("matters")
    assert http.get("matters").status_code == 429
    assert http.get("matters", headers={"Authorization": "Bearer second"}).status_code == 200


def test_retry_at_and_no_header_are_switches(clio: Simulator, http: httpx.Client) -> None:
    """A 429 may name the moment in Retry-At instead, or say nothing."""
    clio.switches.rate_limit = 1
    http.get("matters")
    clio.switches.retry_header = "Retry-At"
    assert "Retry-At" in http.get("matters").headers
    clio.switches.retry_header = ""
    assert not {"Retry-At", "Retry-After"} & set(http.get("matters").headers)


def test_unchanged_item_is_304(clio: Simulator, http: httpx.Client) -> None:
    """An item's ETag and Last-Modified, sent back, give 304 until it changes."""
    key = next(iter(clio.store["matters"].rows))
    answer = http.get(f"matters/{key}", params={"fields": "id,etag"})
    tag, day = answer.headers["ETag"], answer.headers["Last-Modified"]
    assert answer.json()["data"]["etag"] == tag
    by_tag, by_day = {"If-None-Match": tag}, {"If-Modified-Since": day}
    assert http.get(f"matters/{key}", headers=by_tag).status_code == 304
    assert http.get(f"matters/{key}", headers=by_day).status_code == 304
    clio.changes.update("matters", key, {"description": "new"})
    assert http.get(f"matters/{key}", headers=by_tag).status_code == 200
    assert http.get(f"matters/{key}", headers=by_day).status_code == 200


@pytest.mark.parametrize(
    "path", ["matters/1", "nonsense", "matters/2000001/nonsense", "currencies/1"]
)
def test_what_is_not_there_is_404(http: httpx.Client, path: str) -> None:
    """Unknown records and paths are 404 in Clio's error shape."""
    answer = http.get(path)
    assert answer.status_code == 404
    assert set(answer.json()["error"]) == {"type", "message"}


def test_headers_of_every_answer(clio: Simulator, http: httpx.Client) -> None:
    """The content type names the character set; Date is the simulator's."""
    answer = http.get("matters")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Date"] == "Tue, 31 Mar 2026 12:00:00 GMT"
    clio.clock.advance(61)
    assert http.get("matters").headers["Date"] == "Tue, 31 Mar 2026 12:01:01 GMT"


def test_log_holds_requests_and_no_token(clio: Simulator, http: httpx.Client) -> None:
    """Every request is in the log with its answer's status, and a mark instead of the token."""
    http.get("matters", params={"limit": "2"}, headers={"X-Test": "yes"})
    (asked,) = clio.requests
    assert (asked.method, asked.path, asked.status) == ("GET", "/api/v4/matters", 200)
    assert (asked.collection, asked.page, asked.rows) == ("matters", 1, 2)
    assert asked.headers["x-test"] == "yes"
    assert clio.token not in repr(asked)
    assert asked.token


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "matters"),
        ("DELETE", "matters"),
        ("PUT", "matters/2000001"),
        ("POST", "users"),
        ("PATCH", "users/101"),
        ("POST", "line_items"),
        ("POST", "bills"),
        ("PATCH", "billable_matters"),
    ],
)
def test_undocumented_method_is_refused(http: httpx.Client, method: str, path: str) -> None:
    """What Clio's document lists no write for cannot be written."""
    assert http.request(method, path, json={"data": {}}).status_code == 405


APPLICATION = {"client_id": "simulator-application", "client_secret": "simulator-secret"}
REFRESH = {
    "grant_type": "refresh_token",
    "refresh_token": "simulator-refresh",
    **APPLICATION,
}
REDIRECT = "http://127.0.0.1/back"


def signed_in(clio: Simulator, http: httpx.Client) -> dict[str, str]:
    """Return the form with which a code is exchanged."""
    asked = {"response_type": "code", "redirect_uri": REDIRECT, "state": "s"}
    back = httpx.URL(http.get(f"{clio.url}/oauth/authorize", params=asked).headers["Location"])
    assert back.params["state"] == "s"
    code = {"grant_type": "authorization_code", "code": back.params["code"]}
    return {**code, "redirect_uri": REDIRECT, **APPLICATION}


def test_refresh_gives_a_token_that_ends(clio: Simulator, http: httpx.Client) -> None:
    """A refresh token gives an access token for its life; it is kept, not rotated."""
    clio.switches.token_life = 60
    given = http.post(f"{clio.url}/oauth/token", data=REFRESH).json()
    assert given["expires_in"] == 60
    assert "refresh_token" not in given
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    assert http.get("matters", headers=headers).status_code == 200
    clio.clock.advance(60)
    assert http.get("matters", headers=headers).status_code == 401


def test_refresh_may_rotate(clio: Simulator, http: httpx.Client) -> None:
    """With rotation the old refresh token is refused."""
    clio.switches.rotate_refresh_tokens = True
    assert "refresh_token" in http.post(f"{clio.url}/oauth/token", data=REFRESH).json()
    refused = http.post(f"{clio.url}/oauth/token", data=REFRESH)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_sign_in_by_code(clio: Simulator, http: httpx.Client) -> None:
    """The authorisation step comes back with state and a code, which gives both tokens once."""
    form = signed_in(clio, http)
    given = http.post(f"{clio.url}/oauth/token", data=form).json()
    assert {"access_token", "refresh_token", "expires_in"} <= set(given)
    assert http.post(f"{clio.url}/oauth/token", data=form).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"redirect_uri": "http://127.0.0.1/other"}, "invalid_grant"),
        ({"code": "made-up"}, "invalid_grant"),
        ({"client_secret": "wrong"}, "invalid_client"),
    ],
)
def test_code_is_for_one_application_and_address(
    clio: Simulator, http: httpx.Client, changed: dict[str, str], error: str
) -> None:
    """Another redirect address, code or secret gives no token."""
    refused = http.post(f"{clio.url}/oauth/token", data={**signed_in(clio, http), **changed})
    assert refused.json()["error"] == error


def test_person_may_say_no(clio: Simulator, http: httpx.Client) -> None:
    """The browser comes back with the error that the protocol names, and the state."""
    clio.switches.sign_in_denied = True
    asked = {"response_type": "code", "redirect_uri": REDIRECT, "state": "s"}
    back = httpx.URL(http.get(f"{clio.url}/oauth/authorize", params=asked).headers["Location"])
    assert dict(back.params) == {"error": "access_denied", "state": "s"}


def test_deauthorized_tokens_are_over(clio: Simulator, http: httpx.Client) -> None:
    """What is deauthorized by its access token cannot be used or refreshed; nor twice."""
    assert http.post(f"{clio.url}/oauth/deauthorize").status_code == 200
    assert http.get("matters").status_code == 401
    assert http.post(f"{clio.url}/oauth/token", data=REFRESH).json()["error"] == "invalid_grant"
    assert http.post(f"{clio.url}/oauth/deauthorize").status_code == 401


def test_faults_of_token_calls(clio: Simulator, http: httpx.Client) -> None:
    """A fault is played once: instead of the call, or on its answer after the effect."""
    clio.switches.rotate_refresh_tokens = True
    clio.world.oauth.faults += [Status(503), Reset()]
    assert http.post(f"{clio.url}/oauth/token", data=REFRESH).status_code == 503
    with pytest.raises(httpx.TransportError):
        http.post(f"{clio.url}/oauth/token", data=REFRESH)
    assert http.post(f"{clio.url}/oauth/token", data=REFRESH).json()["error"] == "invalid_grant"
    assert len(clio.world.oauth.calls) == 3


def test_permission_lost_and_regained(clio: Simulator, http: httpx.Client) -> None:
    """A share of a list is hidden until the permission is back, and then all is as before."""
    before = clio.dump("matters")
    lost = clio.changes.lose("matters", 0.4, seed=1)
    assert len(lost) == 16
    keys = [row["id"] for row in before]
    seen = [key for key in keys if key not in lost]
    assert ids(http, "matters") == seen
    assert [row["id"] for row in clio.dump("matters")] == seen
    for key in lost[:3]:
        assert http.get(f"matters/{key}").status_code == 404
        assert http.get("matters", params={"ids[]": [str(key)]}).json()["data"] == []
    assert clio.changes.regain("matters") == lost
    assert clio.dump("matters") == before


def test_seed_decides_what_is_lost() -> None:
    """The same seed hides the same records in another simulator, another seed others."""
    chosen = [Simulator().changes.lose("matters", 0.4, seed) for seed in (1, 1, 2)]
    assert chosen[0] == chosen[1] != chosen[2]


def test_regaining_leaves_what_was_hidden_singly(clio: Simulator, http: httpx.Client) -> None:
    """What `hide` hid stays hidden; everything can be lost; nothing is left to lose then."""
    key = ids(http, "matters")[0]
    clio.changes.hide("matters", key)
    assert len(clio.changes.lose("matters")) == 39
    assert ids(http, "matters") == clio.changes.lose("matters") == []
    clio.changes.regain("matters")
    assert key not in ids(http, "matters")
    assert len(ids(http, "matters")) == 39


def test_permission_lost_in_the_middle_of_a_walk(clio: Simulator, http: httpx.Client) -> None:
    """A permission can be lost after a page: the pages that follow hold nothing."""
    walked = ids(http, "matters", limit="10")
    assert clio.changes.lose("matters", when=When.after("matters", 2)) == []
    assert ids(http, "matters", limit="10") == walked[:20]


def test_hidden_records_are_404_or_403(clio: Simulator, http: httpx.Client) -> None:
    """A switch makes 403 of the answer to a hidden record and to its own lists, not to others."""
    matter, document = (min(clio.store[name].rows) for name in ("matters", "documents"))
    clio.changes.hide("matters", matter)
    clio.changes.hide("documents", document)
    paths = (
        f"matters/{matter}",
        f"matters/{matter}/contacts",
        f"documents/{document}/versions?id=1",
    )
    assert [http.get(path).status_code for path in paths] == [404, 404, 404]
    clio.switches.hidden_answer = 403
    assert [http.get(path).status_code for path in paths] == [403, 403, 403]
    assert http.get(f"matters/{matter}").json()["error"]["type"] == "Forbidden"
    clio.changes.remove("matters", matter)
    assert http.get(f"matters/{matter}").status_code == 404


def test_hidden_records_are_missing_in_worked_out_arrays(
    clio: Simulator, http: httpx.Client
) -> None:
    """A hidden relationship is in no list of its matter either."""
    row = next(iter(clio.store["relationships"].rows.values()))
    path, asked = f"matters/{row['matter']}", {"fields": "relationships{id}"}
    assert {"id": row["id"]} in http.get(path, params=asked).json()["data"]["relationships"]
    clio.changes.hide("relationships", row["id"])
    assert {"id": row["id"]} not in http.get(path, params=asked).json()["data"]["relationships"]


WHO = {"fields": "id,account{id},roles"}


def test_role_of_the_user_shows(clio: Simulator, http: httpx.Client) -> None:
    """`who_am_i` names the account and the roles as they are now, even if users are hidden."""
    me = {"id": 101, "account": {"id": 1}}

    def asked() -> object:
        return http.get("users/who_am_i", params=WHO).json()["data"]

    assert asked() == {**me, "roles": ["Admin", "Billing"]}
    clio.changes.update("users", 101, {"roles": ["Billing"]})
    assert asked() == {**me, "roles": ["Billing"]}
    clio.changes.lose("users")
    assert asked() == {**me, "roles": ["Billing"]}


def test_tokens_of_another_user_and_account(clio: Simulator, http: httpx.Client) -> None:
    """A further token is of another user or account, has its own rate, and reads the same."""
    others = {"user": {"user": 102}, "account": {"account": 2}, "both": {"user": 103, "account": 3}}
    http.patch(f"{clio.url}/_simulator/switches", json={"other_tokens": others})

    def asked(path: str, token: str) -> httpx.Response:
        return http.get(path, params=WHO, headers={"Authorization": f"Bearer {token}"})

    who = {name: asked("users/who_am_i", name).json()["data"] for name in (*others, clio.token)}
    assert who["user"] == {"id": 102, "account": {"id": 1}, "roles": []}
    assert who["account"] == {"id": 101, "account": {"id": 2}, "roles": ["Admin", "Billing"]}
    assert who["both"] == {"id": 103, "account": {"id": 3}, "roles": []}
    assert who[clio.token] == {"id": 101, "account": {"id": 1}, "roles": ["Admin", "Billing"]}
    assert asked("users", "both").content == asked("users", clio.token).content
    assert asked("users", "nobody").status_code == 401
