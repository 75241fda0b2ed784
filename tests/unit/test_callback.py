"""The listener takes the one answer that it waits for, and nothing else."""

import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from pipelines.access.callback import HOST, LONGEST_WAIT, Listener, listening, redirect_uri
from sources.clio_http.clock import SystemClock
from sources.clio_http.secret import Secret
from sources.errors import ConfigurationError, Interrupted, SignInNeededError
from tests.unit.http_loopback import FakeClock

STATE = "canary-state"
CODE = "canary-code"
RIGHT = {"code": CODE, "state": STATE}


class FastClock(FakeClock):
    """A clock on which each look takes a minute."""

    def monotonic(self) -> float:
        """Let a minute pass."""
        self.sleep(60.0)
        return super().monotonic()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Return a listener on a free port."""
    with listening(0, Secret(STATE)) as opened:
        yield opened


def ask(listener: Listener, path: str = "/callback", **query: str) -> httpx.Response:
    """Open an address of the listener."""
    return httpx.get(f"http://{HOST}:{listener.port}{path}", params=query)


def test_answer_is_taken_and_a_page_shown(listener: Listener) -> None:
    """The browser gets a page without the code, which no other page may embed or remember."""
    answer = ask(listener, **RIGHT)

    assert listener.answer(SystemClock(), threading.Event()) == (
        f"{redirect_uri(listener.port)}?code={CODE}&state={STATE}"
    )
    assert answer.status_code == 200
    assert "canary" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_only_one_answer_is_taken(listener: Listener) -> None:
    """A second one, even with the right state, is refused."""
    statuses = [ask(listener, code=code, state=STATE).status_code for code in ("first", "second")]

    assert statuses == [200, 400]
    assert "first" in listener.answer(SystemClock(), threading.Event())


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/callback", {**RIGHT, "state": "wrong"}, 400),
        ("/callback", {**RIGHT, "state": ""}, 400),
        ("/callback", {"code": CODE}, 400),
        ("/", RIGHT, 404),
        ("/callback/x", RIGHT, 404),
    ],
)
def test_anything_else_is_refused_and_the_wait_goes_on(
    listener: Listener, path: str, query: dict[str, str], status: int
) -> None:
    """A wrong state or path neither signs in nor ends the sign-in that waits."""
    assert ask(listener, path, **query).status_code == status
    assert ask(listener, **RIGHT).status_code == 200


def test_another_name_for_this_machine_is_refused(listener: Listener) -> None:
    """A page elsewhere that lets its own name lead here is not the browser coming back."""
    url = f"http://{HOST}:{listener.port}/callback"
    answer = httpx.get(url, params=RIGHT, headers={"Host": f"evil.example:{listener.port}"})
    assert answer.status_code == 400


def test_other_methods_are_refused(listener: Listener) -> None:
    """A browser that comes back does so with GET."""
    url = f"http://{HOST}:{listener.port}/callback"
    assert httpx.post(url, params=RIGHT).status_code == 501


def test_silent_connection_holds_nobody_up(listener: Listener) -> None:
    """Browsers open connections in advance; the answer comes through all the same."""
    with socket.create_connection((HOST, listener.port)):
        assert ask(listener, **RIGHT).status_code == 200


def test_code_is_not_written_anywhere(
    listener: Listener, capfd: pytest.CaptureFixture[str]
) -> None:
    """No request line and no failure reaches standard output or error."""
    ask(listener, **RIGHT)
    with socket.create_connection((HOST, listener.port)) as connection:
        connection.sendall(f"GET /callback?code={CODE} HTTP/9\r\n\r\n".encode())
        connection.recv(1000)
    assert "canary" not in "".join(capfd.readouterr())


def test_wait_ends(listener: Listener) -> None:
    """After five minutes without an answer: exit 3."""
    clock = FastClock()
    with pytest.raises(SignInNeededError, match="within 5 minutes") as caught:
        listener.answer(clock, threading.Event())
    assert caught.value.exit_code == 3
    assert clock.monotonic() > LONGEST_WAIT


def test_wait_can_be_stopped(listener: Listener) -> None:
    """Ctrl-C ends the wait."""
    stop = threading.Event()
    stop.set()
    with pytest.raises(Interrupted):
        listener.answer(SystemClock(), stop)


def test_port_that_is_taken_is_named(listener: Listener) -> None:
    """Exit 2: the redirect URI would be another one, so the person has to choose."""
    with (
        pytest.raises(ConfigurationError, match=f"port {listener.port} .* --port"),
        listening(listener.port, Secret(STATE)),
    ):
        pass
