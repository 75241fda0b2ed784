"""Faults of the network and of servers, on real sockets."""

import shutil
import ssl
import subprocess
import time
import tracemalloc
from pathlib import Path

import pytest

from sources.clio_http.client import ClioClient
from sources.clio_http.clock import SystemClock
from sources.clio_http.exchange import Bounds
from sources.clio_http.limits import Meter
from sources.clio_http.retry import Policy
from sources.errors import UnavailableError, UnreadableAnswerError, UntrustedServerError
from tests.conftest import INSTALLED
from tests.unit.http_faults import FAULTS, GOOD, Answer, always, drip, silence, then_good
from tests.unit.http_loopback import FakeClock, Loopback, bomb, reply, settings


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


def test_silence_ends_at_the_total_deadline() -> None:
    """One wait for bytes is never longer than what the whole request has left."""
    with Loopback(then_good(lambda _: time.sleep(0.2))) as server:
        strict = settings(server, bounds=Bounds(read=30.0, total=0.1), policy=Policy(attempts=1))
        with ClioClient(strict, SystemClock()) as client, pytest.raises(UnavailableError) as caught:
            client.get("users")

    assert "Timeout" in str(caught.value)


@pytest.mark.parametrize("start", [pytest.param(0, id="headers"), pytest.param(-15, id="body")])
def test_slow_drip_ends_at_the_total_deadline(start: int) -> None:
    """Bytes that keep coming one by one (N8) do not hold a thread beyond the total."""
    dripping = drip(GOOD, start % len(GOOD))
    with Loopback(then_good(dripping)) as server:
        strict = settings(server, bounds=Bounds(read=1.0, total=0.4))
        with ClioClient(strict, SystemClock()) as client:
            began = time.monotonic()
            client.read("users", (), lambda answer: answer)
            took = time.monotonic() - began

    assert len(server.requests) >= 2
    assert took < 3.0


@pytest.mark.parametrize(
    "huge",
    [
        pytest.param(bomb(100_000_000), id="gzip-bomb"),
        pytest.param(reply(200, b" " * 1_000_001), id="plain"),
    ],
)
def test_body_is_cut_at_its_bound(huge: bytes) -> None:
    """A body that would not end (N9) is given up at the bound, not held in memory."""
    tracemalloc.start()
    with (
        Loopback(always(huge)) as server,
        ClioClient(settings(server, policy=Policy(attempts=1)), FakeClock()) as client,
        pytest.raises(UnreadableAnswerError, match="larger than 1000000 bytes"),
    ):
        client.get("users")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 20_000_000


def self_signed(folder: Path) -> ssl.SSLContext:
    """Return the context of a server whose certificate nobody vouches for."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip(f"openssl makes the certificate, {INSTALLED}")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        [openssl, "req", "-x509", *made, *names],
        check=True,
        capture_output=True,
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
