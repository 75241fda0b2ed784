"""A refresh survives every crash and lost answer: it works, or asks to sign in; it never loops."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from pipelines.access.client import application
from pipelines.access.refresh import Marker, Renewal, sign_in_lock
from pipelines.access.signin import SignedInUser, SignIn, SignInTarget
from pipelines.access.tokens import FileStore
from pipelines.config import SourceSettings
from pipelines.errors import OtherSignInError
from sources.clio_http.client import ClioClient
from sources.clio_http.oauth import OAuth
from sources.clio_http.secret import Secret
from sources.errors import (
    AnswerLostError,
    ClioError,
    ConfigurationError,
    GrantRefusedError,
    RateLimitedError,
    RequestRefusedError,
    SignInNeededError,
    UnreachableError,
)
from tests.unit.http_faults import GOOD, Answer
from tests.unit.http_loopback import FakeClock, Loopback, Request, reply, reset, settings

SOURCE = "clio_grow"
INVALID_GRANT = reply(400, {"error": "invalid_grant"})
FAILED = reply(503, b"")
ROTATED = {"access_token": "access-1", "refresh_token": "refresh-1", "expires_in": 3600}
THREADS = 5


@dataclass
class Desk:
    """A sign-in that is kept, and a server that answers its refreshes."""

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    answers: list[Answer] = field(default_factory=list)
    api: Answer = GOOD
    server: Loopback = field(init=False)

    def __post_init__(self) -> None:
        """Listen, and keep a sign-in that lasts an hour."""
        self.server = Loopback(self._script)
        self.store = FileStore(self.folder, SOURCE)
        now = self.clock.now()
        tokens = (Secret("access-0"), Secret("refresh-0"))
        self.old = SignIn(*tokens, now, now.add(hours=1), "", self.target)
        self.store.write(self.old.text())

    def _script(self, request: Request, _: int) -> Answer:
        if request.method == "GET":
            return self.api
        return self.answers.pop(0) if self.answers else reply(200, ROTATED)

    @property
    def target(self) -> SignInTarget:
        """Return what the sign-in is for."""
        return SignInTarget("us", self.server.origin, self.server.origin, "key")

    @property
    def options(self) -> SourceSettings:
        """Return the settings of the product."""
        secret, origin = Secret("secret"), self.server.origin
        return SourceSettings(client_id="key", client_secret=secret, oauth_url=origin)

    def renewal(self, target: SignInTarget | None = None) -> Renewal:
        """Return what a process that starts now works with."""
        return Renewal(
            SOURCE,
            self.store,
            self.folder,
            target or self.target,
            lambda: OAuth(application(SOURCE, self.options), self.clock),
            self.clock,
        )

    @property
    def sent(self) -> list[str]:
        """Return the refresh tokens that were sent, in order."""
        return [r.form["refresh_token"] for r in self.server.requests if r.method == "POST"]

    @property
    def kept(self) -> tuple[str, str]:
        """Return the tokens that are kept."""
        found = SignIn.read(self.store.read() or "")
        assert found.refresh_token is not None
        return found.access_token.reveal(), found.refresh_token.reveal()

    @property
    def marker(self) -> str:
        """Return what the marker says of the old pair."""
        return Marker(self.folder / "tokens", SOURCE).state(self.old.fingerprint)

    def mark(self, state: str, sign_in: SignIn | None = None) -> None:
        """Leave a marker, as a process that died does."""
        marker = Marker(self.folder / "tokens", SOURCE)
        marker.set((sign_in or self.old).fingerprint, state)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Return a sign-in and its server."""
    made = Desk(tmp_path)
    with made.server:
        yield made


def test_token_that_lasts_is_used(desk: Desk) -> None:
    """Without need nothing is refreshed, marked or locked."""
    assert desk.renewal().current() == Secret("access-0")
    assert desk.sent == []
    assert [path.name for path in (desk.folder / "tokens").iterdir()] == ["clio_grow.json"]


def test_token_that_ends_is_renewed_first(desk: Desk) -> None:
    """`expires_in` is honoured: a token that is over is not even sent."""
    desk.clock.sleep(3600)
    assert desk.renewal().current() == Secret("access-1")
    assert desk.renewal().current() == Secret("access-1")
    assert (desk.sent, desk.kept) == (["refresh-0"], ("access-1", "refresh-1"))
    assert desk.marker == ""


def test_new_pair_is_kept_before_it_is_used(desk: Desk) -> None:
    """Bug 18: when the first request with the new token arrives, the new pair is on the disk, and
    no marker is left; a process that dies from then on has lost nothing.
    """
    seen: list[tuple[str, tuple[str, str], str]] = []

    def api(request: Request, _: int) -> Answer:
        if request.headers["authorization"] == "Bearer access-0":
            return reply(401, b"")
        seen.append((request.headers["authorization"], desk.kept, desk.marker))
        return GOOD

    with Loopback(api) as server:
        renewal = desk.renewal()
        made = settings(server, token=renewal.current())
        with ClioClient(made, FakeClock(), renew=renewal.newer) as client:
            client.get("users")

    assert seen == [("Bearer access-1", ("access-1", "refresh-1"), "")]


def test_marker_is_there_while_the_token_is_away(desk: Desk) -> None:
    """When the refresh token arrives at Clio, the marker of its pair is on the disk."""
    seen: list[str] = []

    def token(_: Request, __: int) -> Answer:
        seen.append(desk.marker)
        return reply(200, ROTATED)

    desk.server._script = token
    desk.renewal().newer(Secret("access-0"))
    assert seen == ["started"]


def test_refresh_token_is_kept_where_none_is_given(desk: Desk) -> None:
    """Manage gives an access token alone: the refresh token stays good."""
    desk.answers = [reply(200, {"access_token": "access-1"})]
    desk.renewal().newer(Secret("access-0"))
    assert desk.kept == ("access-1", "refresh-0")
    assert SignIn.read(desk.store.read() or "").expires_at is None


@pytest.mark.parametrize("lost", [FAILED, reset, reply(200, b"<html>")])
def test_lost_answer_is_followed_by_one_attempt(desk: Desk, lost: Answer) -> None:
    """The old token is tried once more, which Clio may take or not."""
    desk.answers = [lost]
    assert desk.renewal().newer(Secret("access-0")) == Secret("access-1")
    assert (desk.sent, desk.marker) == (["refresh-0"] * 2, "")


def test_answer_lost_after_rotation_asks_to_sign_in(desk: Desk) -> None:
    """A pair that went lost on the way cannot be had again: exit 3, and the old token is never
    sent again, however often the command is run.
    """
    desk.answers = [reset, INVALID_GRANT]
    for _ in range(3):
        with pytest.raises(GrantRefusedError) as caught:
            desk.renewal().newer(Secret("access-0"))
        assert caught.value.exit_code == 3
        assert "clio-sync auth login grow" in caught.value.hint
        with pytest.raises(GrantRefusedError):
            desk.renewal().current()
    assert desk.sent == ["refresh-0"] * 2
    assert desk.marker == "refused"


def test_server_that_stays_away_is_asked_once_a_run(desk: Desk) -> None:
    """Two lost answers end the run with exit 4; later runs try once each until Clio answers."""
    desk.answers = [FAILED] * 3
    for calls in (2, 3):
        with pytest.raises(AnswerLostError) as caught:
            desk.renewal().newer(Secret("access-0"))
        assert (len(desk.sent), caught.value.exit_code) == (calls, 4)
        assert desk.marker == "started"
    assert desk.renewal().newer(Secret("access-0")) == Secret("access-1")
    assert desk.marker == ""


@pytest.mark.parametrize(
    ("answers", "result", "calls"),
    [
        ([], "access-1", 1),
        ([INVALID_GRANT], GrantRefusedError, 1),
        ([FAILED], AnswerLostError, 1),
        ([reply(429, b"")], RateLimitedError, 1),
    ],
)
def test_marker_found_at_the_start(
    desk: Desk, answers: list[Answer], result: str | type[ClioError], calls: int
) -> None:
    """L16: a process that died in a refresh is followed by one attempt with the old token, though
    the access token might last; its end decides, and nothing is sent twice.
    """
    desk.mark("started")
    desk.answers = answers
    if isinstance(result, str):
        assert desk.renewal().current() == Secret(result)
    else:
        with pytest.raises(result):
            desk.renewal().current()
    assert len(desk.sent) == calls
    left: dict[object, str] = {GrantRefusedError: "refused", "access-1": ""}
    assert desk.marker == left.get(result, "started")


def test_marker_of_another_pair_is_nothing(desk: Desk) -> None:
    """Killed after the save, or signed in since: the pair that is kept is good as it is."""
    desk.mark("started", replace(desk.old, access_token=Secret("access-before")))
    assert desk.renewal().current() == Secret("access-0")
    assert desk.renewal().newer(Secret("access-0")) == Secret("access-1")
    assert desk.sent == ["refresh-0"]


def test_marker_that_cannot_be_read_is_taken_seriously(desk: Desk) -> None:
    """As after a crash: one attempt, then all is well again."""
    (desk.folder / "tokens" / f"{SOURCE}.refresh_started").write_text("{")
    assert desk.renewal().current() == Secret("access-1")
    assert desk.renewal().current() == Secret("access-1")
    assert desk.sent == ["refresh-0"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(429, b""), RateLimitedError),
        (reply(401, {"error": "invalid_client"}), ConfigurationError),
        (reply(404, b""), RequestRefusedError),
    ],
)
def test_token_that_was_not_used_leaves_no_marker(
    desk: Desk, answer: bytes, kind: type[ClioError]
) -> None:
    """What Clio did not do is no reason for care: the next run starts afresh."""
    desk.answers = [answer]
    with pytest.raises(kind):
        desk.renewal().newer(Secret("access-0"))
    assert (len(desk.sent), desk.marker) == (1, "")


def test_no_connection_leaves_no_marker(desk: Desk) -> None:
    """A refused connection sent nothing; but one after a lost answer leaves the marker."""
    desk.server.__exit__(None, None, None)
    with pytest.raises(UnreachableError):
        desk.renewal().newer(Secret("access-0"))
    assert desk.marker == ""
    desk.mark("started")
    with pytest.raises(UnreachableError):
        desk.renewal().newer(Secret("access-0"))
    assert desk.marker == "started"


def test_threads_of_several_processes_renew_once(desk: Desk) -> None:
    """L17: whoever comes second finds the new pair and sends nothing."""
    together = threading.Barrier(THREADS)

    def newer(_: int) -> Secret:
        together.wait()
        return desk.renewal().newer(Secret("access-0"))

    with ThreadPoolExecutor(THREADS) as threads:
        assert set(threads.map(newer, range(THREADS))) == {Secret("access-1")}
    assert desk.sent == ["refresh-0"]


@pytest.mark.parametrize("change", ["base_url", "oauth_url", "client_id"])
def test_sign_in_for_another_place_is_not_sent(desk: Desk, change: str) -> None:
    """Tokens of one region, address or application never go to another: exit 3, nothing sent."""
    other = {"base_url": "https://eu.app.clio.com", "oauth_url": "https://ca.app.clio.com"}
    elsewhere = replace(desk.target, **{change: other.get(change, "another")})
    for use in (desk.renewal(elsewhere).current, lambda: desk.renewal(elsewhere).newer(Secret(""))):
        with pytest.raises(SignInNeededError, match="another place or application") as caught:
            use()
        assert "clio-sync auth login grow" in caught.value.hint
    assert desk.server.requests == []


@pytest.mark.parametrize(
    "person",
    [SignedInUser(), SignedInUser("2", user_id="9"), SignedInUser("1", user_id="8")],
    ids=["not-known-yet", "other-account", "other-user"],
)
def test_somebody_else_signs_in_meanwhile(desk: Desk, person: SignedInUser) -> None:
    """A run that began with one firm's token goes on with no other: its tokens are neither sent nor
    renewed, and the run ends with exit 4.
    """
    desk.store.write(replace(desk.old, person=SignedInUser("1", user_id="9")).text())
    run = desk.renewal().of_now()
    other = replace(desk.old, access_token=Secret("other"), person=person)
    desk.store.write(other.text())
    for use in (run.current, lambda: run.newer(Secret("access-0"))):
        with pytest.raises(OtherSignInError) as caught:
            use()
        assert caught.value.exit_code == 4
    assert desk.server.requests == []


@pytest.mark.parametrize("known", [SignedInUser("1", "Firm", "9", "Ash"), SignedInUser()])
def test_same_person_signs_in_meanwhile(desk: Desk, known: SignedInUser) -> None:
    """The run goes on with the new token; so it does where Clio never said whose the first was."""
    desk.store.write(replace(desk.old, person=known).text())
    run = desk.renewal().of_now()
    again = replace(
        desk.old, access_token=Secret("again"), person=SignedInUser("1", "New name", "9", "Ash")
    )
    desk.store.write(again.text())
    assert run.newer(Secret("access-0")) == Secret("again")


def test_nobody_signed_in(desk: Desk) -> None:
    """Without a sign-in: exit 3, and the hint names the command."""
    desk.store.delete()
    with pytest.raises(SignInNeededError, match="nobody is signed in") as caught:
        desk.renewal().current()
    assert "clio-sync auth login grow" in caught.value.hint
    assert "SOURCES__CLIO_GROW__ACCESS_TOKEN" in caught.value.hint


def test_sign_in_without_a_refresh_token_ends(desk: Desk) -> None:
    """Where Clio gave none, the end of the access token is the end of the sign-in."""
    desk.store.write(replace(desk.old, refresh_token=None).text())
    assert desk.renewal().current() == Secret("access-0")
    with pytest.raises(SignInNeededError):
        desk.renewal().newer(Secret("access-0"))
    assert desk.sent == []


def test_application_that_is_not_configured(desk: Desk) -> None:
    """Without its secret nothing is marked or sent, and the settings are named."""
    bare = SourceSettings(client_id="key")
    renewal = replace(desk.renewal(), oauth=lambda: OAuth(application(SOURCE, bare), desk.clock))
    with pytest.raises(ConfigurationError, match=r"clio_grow\.client_secret must be set"):
        renewal.newer(Secret("access-0"))
    assert (desk.sent, desk.marker) == ([], "")


def test_lock_goes_with_what_failed(desk: Desk) -> None:
    """A refresh that fails leaves no lock behind."""
    with suppress(ValueError), sign_in_lock(desk.folder, SOURCE):
        raise ValueError
    with sign_in_lock(desk.folder, SOURCE) as marker:
        assert marker.state("x") == ""
