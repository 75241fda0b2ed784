"""A refused access token is renewed once for all threads, and never for ever."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from sources.clio_http.client import ClioClient
from sources.clio_http.secret import Bearer, Secret
from sources.errors import ClioError, MissingScopeError, SignInNeededError, UnavailableError
from tests.unit.http_faults import GOOD
from tests.unit.http_loopback import TOKEN, FakeClock, Loopback, Request, Script, reply, settings

REFUSED = reply(401, {"error": "invalid_token"})
THREADS = 6


class Tokens:
    """Return tokens called 1, 2, 3 …, and counts them."""

    def __init__(self, failure: ClioError | None = None) -> None:
        """Return tokens, or fail each time."""
        self.failure = failure
        self.asked: list[Secret] = []

    def __call__(self, refused: Secret) -> Secret:
        """Return a newer token."""
        self.asked.append(refused)
        if self.failure is not None:
            raise self.failure
        return Secret(str(len(self.asked)))


def accepting(*tokens: str, besides: Callable[[Request], bool] = lambda _: False) -> Script:
    """Return a script that refuses every token but these, and some requests with any."""
    good = {f"Bearer {token}" for token in tokens}

    def script(request: Request, _: int) -> bytes:
        known = request.headers["authorization"] in good
        return GOOD if known and not besides(request) else REFUSED

    return script


def test_refused_token_is_renewed_and_the_request_repeated() -> None:
    """A4: one newer token, with which the same request is sent again; it is kept for the next."""
    renew = Tokens()
    with (
        Loopback(accepting("1")) as server,
        ClioClient(settings(server), FakeClock(), renew=renew) as client,
    ):
        client.get("activities", [("limit", "7")])
        client.get("users")

    assert renew.asked == [Secret(TOKEN)]
    sent = [(r.path, r.params, r.headers["authorization"]) for r in server.requests]
    assert sent[1] == (sent[0][0], sent[0][1], "Bearer 1")
    assert [header for _, _, header in sent] == [f"Bearer {TOKEN}", "Bearer 1", "Bearer 1"]


def test_threads_that_are_refused_together_renew_once() -> None:
    """However many threads are refused at the same moment, there is one new token."""
    renew, together = Tokens(), threading.Barrier(THREADS)
    bearer = Bearer(Secret("old"), renew)

    def refused(_: int) -> Secret:
        together.wait()
        return bearer.newer(Secret("old"), SignInNeededError())

    with ThreadPoolExecutor(THREADS) as threads:
        assert set(threads.map(refused, range(THREADS))) == {Secret("1")}
    assert renew.asked == [Secret("old")]


def test_new_token_that_is_refused_ends_it() -> None:
    """A5: a new token that Clio refuses as well is not renewed again, by nobody."""
    renew = Tokens()
    with (
        Loopback(accepting()) as server,
        ClioClient(settings(server), FakeClock(), renew=renew) as client,
    ):
        for _ in range(3):
            with pytest.raises(SignInNeededError):
                client.get("users")

    assert len(renew.asked) == 1
    assert len(server.requests) == 4


def test_token_that_was_good_is_renewed_again() -> None:
    """In a run that is longer than a token's life each token is renewed in its turn."""
    renew, good = Tokens(), [TOKEN]

    def script(request: Request, number: int) -> bytes | Callable[[socket.socket], None]:
        return accepting(*good)(request, number)

    with (
        Loopback(script) as server,
        ClioClient(settings(server), FakeClock(), renew=renew) as client,
    ):
        for name in ("1", "2", "3"):
            client.get("users")
            good[:] = [name]
        client.get("users")

    assert renew.asked == [Secret(TOKEN), Secret("1"), Secret("2")]


def test_answer_other_than_good_does_not_prove_a_token() -> None:
    """A server error with the new token says nothing of it: the next refusal ends it."""
    renew = Tokens()
    answers = {1: REFUSED, 2: reply(500, b""), 3: REFUSED}
    with (
        Loopback(lambda _, number: answers.get(number, REFUSED)) as server,
        ClioClient(settings(server), FakeClock(), renew=renew) as client,
    ):
        for _ in range(2):
            with pytest.raises(SignInNeededError):
                client.get("users")

    assert len(renew.asked) == 1


@pytest.mark.parametrize("failure", [UnavailableError("no"), SignInNeededError("no")])
def test_renewing_that_fails_is_not_tried_again(failure: ClioError) -> None:
    """Why there is no newer token is told to every request that needs one."""
    renew = Tokens(failure)
    with (
        Loopback(accepting()) as server,
        ClioClient(settings(server), FakeClock(), renew=renew) as client,
    ):
        for _ in range(3):
            with pytest.raises(type(failure), match="no"):
                client.get("users")

    assert len(renew.asked) == 1
    assert len(server.requests) == 3


def test_fixed_token_is_never_renewed() -> None:
    """A token of the environment is all there is: the refusal is told as it came."""
    with (
        Loopback(accepting()) as server,
        ClioClient(settings(server), FakeClock()) as client,
        pytest.raises(SignInNeededError, match="GET /users was answered with 401") as caught,
    ):
        client.get("users")

    assert len(server.requests) == 1
    assert caught.value.__context__ is None


def test_missing_permission_renews_nothing() -> None:
    """A 403 is about the permission and not about the token."""
    renew = Tokens()
    with (
        Loopback(lambda *_: reply(403, b"")) as server,
        ClioClient(settings(server), FakeClock(), renew=renew) as client,
        pytest.raises(MissingScopeError),
    ):
        client.get("users")

    assert renew.asked == []
