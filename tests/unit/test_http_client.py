"""The client against what networks and servers do, on real sockets."""

import gzip
import io
import logging
import shutil
import socket
import ssl
import subprocess
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from sources.clio_http.client import Bounds, ClientSettings, ClioClient, Meter, Policy
from sources.clio_http.clock import SystemClock
from sources.clio_http.redaction import RedactingFormatter
from sources.clio_http.secret import Secret
from sources.errors import (
    ClioError,
    ConfigurationError,
    Interrupted,
    MissingScopeError,
    RateLimitedError,
    RedirectRefusedError,
    SignInNeededError,
    UnavailableError,
    UnreadableAnswerError,
    UntrustedServerError,
)
from tests.unit.http_loopback import (
    TOKEN,
    FakeClock,
    Loopback,
    Request,
    Script,
    api_error,
    bomb,
    page,
    reply,
    reset,
    settings,
)

CLIENT_NAME = "Canary Wharfinger"
GOOD = reply(200, {"data": {"id": 1}})
Answer = bytes | Callable[[socket.socket], None]


def then_good(*faults: Answer) -> Script:
    """Give a script of faults, one for each request, and good answers after them."""
    return lambda _, number: faults[number - 1] if number <= len(faults) else GOOD


def always(answer: Answer) -> Script:
    """Give a script that answers every request alike."""
    return lambda _, __: answer


def cut(answer: bytes, left: int) -> Callable[[socket.socket], None]:
    """Give an act that sends all but the last `left` bytes and closes."""
    return lambda connection: connection.sendall(answer[:-left])


def half_then_reset(connection: socket.socket) -> None:
    """Send half an answer and break the connection off."""
    connection.sendall(GOOD[:-5])
    reset(connection)


def silence(connection: socket.socket) -> None:
    """Say nothing for longer than the client waits."""
    time.sleep(0.15)
    connection.sendall(GOOD)


def drip(answer: bytes, start: int) -> Callable[[socket.socket], None]:
    """Give an act that sends one byte at a time from `start` on."""

    def act(connection: socket.socket) -> None:
        connection.sendall(answer[:start])
        for at in range(start, len(answer)):
            connection.sendall(answer[at : at + 1])
            time.sleep(0.02)

    return act


FAULTS = [
    pytest.param(reset, id="N1-reset-at-once"),
    pytest.param(lambda _: None, id="N1-closed-at-once"),
    pytest.param(half_then_reset, id="N3-reset-in-body"),
    pytest.param(cut(GOOD, 3), id="N4-shorter-than-its-length"),
    pytest.param(cut(reply(200, {"data": []}, content_length=""), 3), id="N5-cut-json-no-length"),
    pytest.param(
        reply(200, gzip.compress(b'{"data": []}')[:-4], content_encoding="gzip"), id="N5-cut-gzip",
    ),
    pytest.param(reply(200, b"no gzip", content_encoding="gzip"), id="N5-false-gzip"),
    pytest.param(reply(200, b"{}", content_encoding="br"), id="N5-encoding-not-asked-for"),
    pytest.param(reply(200, b"<html>", content_type="text/html"), id="N6-html"),
    pytest.param(reply(200, b"{}", content_type=""), id="N6-no-type"),
    pytest.param(reply(200, b"<html>"), id="N6-html-said-to-be-json"),
    pytest.param(reply(200, b""), id="N6-empty"),
    pytest.param(b"garbage\r\n\r\n", id="no-http"),
    pytest.param(reply(500, api_error("InternalServerError", "x")), id="A7-500"),
    pytest.param(reply(408, b""), id="408"),
    pytest.param(reply(502, b"<html>", content_type="text/html"), id="502"),
    pytest.param(reply(503, b""), id="503"),
    pytest.param(reply(504, b""), id="A31-504"),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_passing_fault_is_survived(fault: Answer) -> None:
    """After two faults the third answer is given, and the waits between have jitter."""
    clock = FakeClock()
    with Loopback(then_good(fault, fault)) as server, ClioClient(settings(server), clock) as client:
        meter = Meter()
        answer = client.get("users/who_am_i", meter=meter)

    assert answer.body == b'{"data": {"id": 1}}'
    assert client.requests == meter.requests == len(server.requests) == 3
    assert len(set(clock.sleeps)) == 2


@pytest.mark.parametrize("fault", FAULTS)
def test_lasting_fault_ends_after_bounded_attempts(fault: Answer) -> None:
    """A fault that stays is an error that is safe to run again, after four attempts."""
    with (
        Loopback(always(fault)) as server,
        ClioClient(settings(server), FakeClock()) as client,
        pytest.raises((UnavailableError, UnreadableAnswerError)) as caught,
    ):
        client.get("users")

    assert len(server.requests) == 4
    assert caught.value.exit_code == 4


def test_refused_connection_is_unavailable() -> None:
    """Nobody listens (N1): the attempts are bounded and the host is named."""
    with Loopback(always(GOOD)) as server:
        nowhere = settings(server)
    with (
        ClioClient(nowhere, FakeClock()) as client,
        pytest.raises(UnavailableError, match=r"127\.0\.0\.1"),
    ):
        client.get("users")

    assert client.requests == 4


def test_read_timeout_is_retried() -> None:
    """A server that says nothing in time (N2) is asked again."""
    with Loopback(then_good(silence)) as server:
        quick = settings(server, bounds=Bounds(read=0.05))
        with ClioClient(quick, FakeClock()) as client:
            client.get("users")

    assert len(server.requests) == 2


@pytest.mark.parametrize("start", [pytest.param(0, id="headers"), pytest.param(-15, id="body")])
def test_slow_drip_ends_at_the_total_deadline(start: int) -> None:
    """Bytes that keep coming one by one (N8) do not hold a thread beyond the total."""
    dripping = drip(GOOD, start % len(GOOD))
    with Loopback(then_good(dripping)) as server:
        strict = settings(server, bounds=Bounds(read=1.0, total=0.1))
        with ClioClient(strict, SystemClock()) as client:
            began = time.monotonic()
            client.read("users", (), lambda answer: answer)
            took = time.monotonic() - began

    assert len(server.requests) == 2
    assert took < 1.5


def test_gzip_is_read() -> None:
    """A compressed answer is asked for and decoded."""
    packed = reply(200, gzip.compress(b'{"data": []}'), content_encoding="gzip")
    with Loopback(always(packed)) as server, ClioClient(settings(server), FakeClock()) as client:
        assert client.get("users").body == b'{"data": []}'

    assert server.requests[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(
    "huge",
    [
        pytest.param(bomb(400_000_000), id="gzip-bomb"),
        pytest.param(reply(200, b" " * 1_000_001), id="plain"),
    ],
)
def test_body_is_cut_at_its_bound(huge: bytes) -> None:
    """A body that would not end (N9) is given up at the bound, not held in memory."""
    with (
        Loopback(always(huge)) as server,
        ClioClient(settings(server, policy=Policy(attempts=1)), FakeClock()) as client,
        pytest.raises(UnreadableAnswerError, match="larger than 1000000 bytes"),
    ):
        client.get("users")


def test_redirect_is_not_followed() -> None:
    """A redirect to another host (N10) reaches nobody, and only its host is named."""
    with Loopback(always(GOOD)) as other:
        away = reply(302, b"", location=f"{other.origin}/x?key=1")
        with (
            Loopback(always(away)) as server,
            ClioClient(settings(server), FakeClock()) as client,
            pytest.raises(RedirectRefusedError, match=r"a redirect to 127\.0\.0\.1 was not"),
        ):
            client.get("users")

    assert other.requests == []
    assert len(server.requests) == 1


def test_redirect_to_the_sign_in_page_means_a_missing_scope() -> None:
    """Clio may answer a missing scope with its sign-in page (A29)."""
    away = reply(302, b"", location="https://account.clio.com/login?to=x")
    with (
        Loopback(always(away)) as server,
        ClioClient(settings(server), FakeClock()) as client,
        pytest.raises(MissingScopeError, match=r"/activities .* at account\.clio\.com"),
    ):
        client.get("activities")


def test_429_waits_as_asked() -> None:
    """Retry-After (A1) is waited out before the same request is sent again."""
    clock = FakeClock()
    refusal = reply(429, api_error("RateLimited", "x"), retry_after="30")
    with Loopback(then_good(refusal)) as server, ClioClient(settings(server), clock) as client:
        client.get("users")

    assert sum(clock.sleeps) == pytest.approx(30.0)
    assert len(server.requests) == 2


def test_429_holds_every_thread() -> None:
    """While one thread is told to wait, no other sends anything."""
    clock = FakeClock()
    arrived: list[float] = []

    def script(_: Request, number: int) -> bytes:
        arrived.append(clock.monotonic())
        return reply(429, b"", retry_after="30") if number == 3 else GOOD

    with Loopback(script) as server, ClioClient(settings(server), clock) as client:
        client.get("users")
        client.get("users")
        threads = [threading.Thread(target=client.get, args=("users",)) for _ in range(4)]
        threads[0].start()
        while len(arrived) < 3 or not clock.sleeps:
            time.sleep(0.001)
        for thread in threads[1:]:
            thread.start()
        for thread in threads:
            thread.join()

    assert arrived[:3] == [0.0, 0.0, 0.0]
    assert min(arrived[3:]) >= 30.0


def test_429_for_ever_ends() -> None:
    """Refusals are bounded too (A2)."""
    with (
        Loopback(always(reply(429, b""))) as server,
        ClioClient(settings(server), FakeClock()) as client,
        pytest.raises(RateLimitedError),
    ):
        client.get("users")

    assert len(server.requests) == 20


def test_spent_window_is_waited_out_before_it_is_refused() -> None:
    """With nothing remaining (A3) the next request waits for the reset."""
    clock = FakeClock()
    last = page(
        [],
        date="Mon, 02 Mar 2026 09:00:00 GMT",
        x_ratelimit_limit="50",
        x_ratelimit_remaining="0",
        x_ratelimit_reset=str(int(clock.now().timestamp()) + 42),
    )
    with Loopback(always(last)) as server, ClioClient(settings(server), clock) as client:
        client.get("users")
        client.get("users")

    assert 42.0 < sum(clock.sleeps) <= 42.05


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            {"error": "invalid_token", "error_description": "The access token expired"}, id="oauth",
        ),
        pytest.param(api_error("Unauthorized", "no"), id="api"),
        pytest.param(["unexpected"], id="list"),
    ],
)
def test_401_asks_to_sign_in_at_once(body: object) -> None:
    """A refused token (A5) is not tried again, in whichever shape the error comes."""
    with (
        Loopback(always(reply(401, body))) as server,
        ClioClient(settings(server), FakeClock()) as client,
        pytest.raises(SignInNeededError) as caught,
    ):
        client.get("users")

    assert len(server.requests) == 1
    assert caught.value.exit_code == 3


def test_request_goes_to_the_configured_base() -> None:
    """Path, parameters, version, token and type of content are sent as documented."""
    with Loopback(always(GOOD)) as server:
        prefixed = settings(server, base_url=f"{server.origin}/clio")
        with ClioClient(prefixed, FakeClock()) as client:
            client.get("activities", [("fields", "id,matter{id}"), ("limit", "200")])

    (request,) = server.requests
    assert request.path == "/clio/api/v4/activities.json"
    assert request.params == {"fields": "id,matter{id}", "limit": "200"}
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["x-api-version"] == "4.0.13"
    assert request.headers["accept"] == "application/json"


def test_proxy_of_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """An inherited proxy variable must not see the traffic."""
    with Loopback(always(GOOD)) as proxy, Loopback(always(GOOD)) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.origin)
        monkeypatch.setenv("ALL_PROXY", proxy.origin)
        with ClioClient(settings(server), FakeClock()) as client:
            client.get("users")

    assert proxy.requests == []


def test_cookies_are_not_kept() -> None:
    """A session that the server offers is not sent back."""
    answer = reply(200, {"data": []}, set_cookie="session=1; Path=/")
    with Loopback(always(answer)) as server, ClioClient(settings(server), FakeClock()) as client:
        client.get("users")
        client.get("users")

    assert "cookie" not in server.requests[1].headers


def test_answer_holds_time_and_a_few_headers() -> None:
    """Only the headers worth keeping are kept, in lower case."""
    answer = reply(
        200,
        {"data": []},
        Date="Mon, 02 Mar 2026 09:00:05 GMT",
        ETag='"1"',
        X_Request_Id="7",
        X_RateLimit_Limit="50",
    )
    with Loopback(always(answer)) as server, ClioClient(settings(server), FakeClock()) as client:
        got = client.get("users")

    assert got.date == FakeClock().now().add(seconds=5)
    assert sorted(got.headers) == ["content-type", "date", "etag", "x-ratelimit-limit"]


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Mar 2026 09:00:05 GMT"])
def test_answer_without_a_usable_date_has_none(date: str) -> None:
    """A missing or absurd Date (A26) is not made up."""
    answer = reply(200, {"data": []}, date=date)
    with Loopback(always(answer)) as server, ClioClient(settings(server), FakeClock()) as client:
        assert client.get("users").date is None


def test_stop_is_obeyed_before_a_request() -> None:
    """Once asked to stop, nothing more is sent."""
    stop = threading.Event()
    stop.set()
    with (
        Loopback(always(GOOD)) as server,
        ClioClient(settings(server), FakeClock(), stop=stop) as client,
        pytest.raises(Interrupted),
    ):
        client.get("users")

    assert server.requests == []


def test_stop_ends_a_real_wait() -> None:
    """A thread that waits out a 429 on the machine's clock ends when asked to."""
    stop = threading.Event()
    refusal = reply(429, b"", retry_after="30")
    with (
        Loopback(always(refusal)) as server,
        ClioClient(settings(server), SystemClock(stop), stop=stop) as client,
    ):
        threading.Timer(0.1, stop.set).start()
        began = time.monotonic()
        with pytest.raises(Interrupted):
            client.get("users")

    assert time.monotonic() - began < 2.0


def self_signed(folder: Path) -> ssl.SSLContext:
    """Give the context of a server whose certificate nobody vouches for."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(  # noqa: S603 - a fixed command
        [openssl, "req", "-x509", *made, *names], check=True, capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def test_self_signed_certificate_is_refused_at_once(tmp_path: Path) -> None:
    """A server that cannot prove who it is (N7) gets no request, and no second try."""
    with (
        Loopback(always(GOOD), self_signed(tmp_path)) as server,
        ClioClient(settings(server), FakeClock()) as client,
        pytest.raises(UntrustedServerError),
    ):
        client.get("users")

    assert server.requests == []
    assert client.requests == 1


@pytest.mark.parametrize("reserve", [-0.1, 1.0, 2.0])
def test_reserve_that_leaves_nothing_is_refused(reserve: float) -> None:
    """At least something of the rate limit must be left to use."""
    with pytest.raises(ConfigurationError):
        ClientSettings("clio_manage", "https://app.clio.com", "/api/v4", Secret("x"), {}, reserve)


def test_client_cannot_be_made_for_a_foreign_host() -> None:
    """The token is bound to Clio's hosts before anything is opened."""
    with pytest.raises(ConfigurationError):
        ClientSettings("clio_manage", "https://evil.example", "/api/v4", Secret(TOKEN))


LEAKS = [
    *FAULTS,
    *(
        pytest.param(reply(status, api_error(kind, f"{CLIENT_NAME} {TOKEN} field note")), id=kind)
        for status, kind in (
            (400, "InvalidFields"),
            (400, "Other"),
            (401, "Unauthorized"),
            (403, "Forbidden"),
            (404, "NotFound"),
            (410, "Gone"),
            (412, "Changed"),
            (418, "Strange"),
            (422, "ArgumentError"),
            (429, "RateLimited"),
            (500, "InternalServerError"),
        )
    ),
    pytest.param(reply(200, f'{{"data": [{{"name": "{CLIENT_NAME}"}}'.encode()), id="cut"),
    pytest.param(reply(302, b"", location=f"https://x.example/{TOKEN}?q={CLIENT_NAME}"), id="302"),
    pytest.param(bomb(2_000_000), id="bomb"),
]


@pytest.mark.parametrize("fault", LEAKS)
def test_no_error_and_no_log_line_tells_a_secret(fault: Answer) -> None:
    """Neither token nor client name is in an error, its chain, its traceback or the log."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    # A plain formatter: the lines must be clean before redaction.
    handler.setFormatter(logging.Formatter())
    root = logging.getLogger()
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.DEBUG)
    try:
        with (
            Loopback(always(fault)) as server,
            ClioClient(settings(server), FakeClock()) as client,
            pytest.raises(ClioError) as caught,
        ):
            client.get("contacts/77", [("query", CLIENT_NAME), ("page_token", TOKEN)])
    finally:
        root.removeHandler(handler)
        root.setLevel(level)

    error = caught.value
    told = [str(error), repr(error), repr(error.__dict__), *traceback.format_exception(error)]
    for text in (*told, lines.getvalue()):
        assert TOKEN not in text
        assert CLIENT_NAME not in text
    assert error.__context__ is None
    assert error.__cause__ is None


def test_log_line_holds_the_template_and_no_query() -> None:
    """With --debug each request is one line: path template, status, time, size, page."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(RedactingFormatter())
    logger = logging.getLogger("sources.clio_http.client")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        with Loopback(always(GOOD)) as server, ClioClient(settings(server), FakeClock()) as client:
            client.read("contacts/77", [("query", "x")], lambda answer: answer, note="page 3")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)

    assert lines.getvalue().endswith("GET /contacts/{id} 200 0.00 s 0 kB page 3\n")
