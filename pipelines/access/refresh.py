"""Newer tokens for a sign-in that is kept: one call for all threads and processes, crash-safe.

Clio may give a new refresh token and drop the old one with each call. So before the call a marker
is made durable that names the pair which is being used; the new pair is durable before it is used;
then the marker goes. Whoever finds the marker of the pair that is still kept knows that an answer
may have been lost: the old token is tried once more. When Clio says no, the marker keeps that, and
the token is never sent again.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import filelock

from pipelines.errors import BusyError, OtherSignInError, TokenStoreError
from pipelines.failpoints import crash_point
from pipelines.files import replace_privately, sync_folder
from sources.clio_http.clock import Clock
from sources.clio_http.hosts import host_of
from sources.clio_http.oauth import OAuth
from sources.clio_http.secret import Secret
from sources.clio_http.statuses import login
from sources.clio_http.token_answers import Grant
from sources.errors import AnswerLostError, ClioError, GrantRefusedError, SignInNeededError

from .signin import SignedInUser, SignIn, SignInTarget
from .tokens import FOLDER, TokenStore, token_folder

LONGEST_WAIT = 90.0
"""Seconds to wait for another process's refresh, which takes at most two calls of 30."""

STARTED, REFUSED = "started", "refused"


class Marker:
    """A file that says which pair of tokens is being refreshed, or was refused."""

    def __init__(self, folder: Path, source: str) -> None:
        """Take the folder of sign-ins and the product."""
        self._path = folder / f"{source}.refresh_started"

    def state(self, fingerprint: str) -> str:
        """Return what is known of a pair: started, refused, or nothing."""
        try:
            kept = json.loads(self._path.read_text("utf-8"))
            return str(kept["state"]) if kept["fingerprint"] == fingerprint else ""
        except FileNotFoundError:
            return ""
        except (OSError, ValueError, KeyError, TypeError):
            return STARTED  # nobody knows: as careful as after a crash

    def set(self, fingerprint: str, state: str) -> None:
        """Write down, durably, what is known of a pair.

        Raises:
            TokenStoreError: the disk does not take it.

        """
        text = json.dumps({"fingerprint": fingerprint, "state": state})
        try:
            replace_privately(self._path, text)
        except OSError as error:
            message = f"nothing can be written to the folder of sign-ins ({error.strerror})"
            raise TokenStoreError(message) from None

    def clear(self) -> None:
        """Remove the file."""
        if self._path.exists():
            self._path.unlink()
            sync_folder(self._path.parent)


@contextmanager
def sign_in_lock(data_dir: Path, source: str) -> Iterator[Marker]:
    """Hold the lock on the sign-in of a product, and give its marker.

    Raises:
        BusyError: another process does not let go of it.

    """
    folder = token_folder(data_dir)
    lock = filelock.FileLock(folder / f"{source}.lock", mode=0o600)
    try:
        held = lock.acquire(timeout=LONGEST_WAIT)
    except filelock.Timeout:
        message = "another process is renewing the sign-in and does not end"
        raise BusyError(message) from None
    with held:
        yield Marker(folder, source)


@dataclass(frozen=True)
class Renewal:
    """The sign-in that is kept for a product, renewed when it ends or is refused.

    `target` is what it has to be for; `oauth` makes what renews it. `person` is whose it was when
    the run began, if known: somebody else's is not taken in the middle of it.
    """

    source: str
    store: TokenStore
    data_dir: Path
    target: SignInTarget
    oauth: Callable[[], OAuth]
    clock: Clock
    person: SignedInUser = field(default_factory=SignedInUser)

    def current(self) -> Secret:
        """Return the access token; renew it first if it ends, or if a refresh was interrupted.

        Raises:
            SignInNeededError: there is none that Clio would take.
            ClioError: it could not be renewed.

        """
        found = self.kept()
        state = self.state(found)
        if state == REFUSED:
            raise sign_in_needed(self.source, kind=GrantRefusedError)
        if state == STARTED or found.ends(self.clock.now()):
            return self.newer(found.access_token)
        return found.access_token

    def newer(self, refused: Secret) -> Secret:
        """Return an access token that is newer than a refused one; raises as `current` does."""
        with sign_in_lock(self.data_dir, self.source) as marker:
            found = self.kept()
            if found.access_token != refused and not found.ends(self.clock.now()):
                return found.access_token  # another process was faster
            return self.renewed(found, marker).access_token

    def kept(self) -> SignIn:
        """Return the sign-in that is kept.

        Raises:
            SignInNeededError: there is none, or it is for another place.
            OtherSignInError: it is somebody else's than when the run began.
            TokenStoreError: it cannot be read.

        """
        text = self.store.read()
        if text is None:
            message = f"nobody is signed in for {self.source}"
            raise sign_in_needed(self.source, message)
        found = SignIn.read(text)
        if not found.is_for(self.target):
            message = (
                f"the sign-in for {self.source} was made at {host_of(found.target.oauth_url)} for"
                f" {host_of(found.target.base_url)}; the settings name another place or application"
            )
            raise sign_in_needed(self.source, message)
        if not found.person.may_be(self.person):
            raise OtherSignInError
        return found

    def of_now(self) -> "Renewal":
        """Return the same for a run that begins now; raises as `kept` does."""
        return replace(self, person=self.kept().person)

    def state(self, found: SignIn) -> str:
        """Return what is known of a pair of tokens: started, refused, or nothing."""
        return Marker(self.data_dir / FOLDER, self.source).state(found.fingerprint)

    def renewed(self, found: SignIn, marker: Marker) -> SignIn:
        """Renew a sign-in whose lock is held, and keep it; raises as `current` does."""
        before = marker.state(found.fingerprint)
        if found.refresh_token is None or before == REFUSED:
            raise sign_in_needed(self.source, kind=GrantRefusedError)
        oauth = self.oauth()
        marker.set(found.fingerprint, STARTED)
        crash_point("refresh-marked")
        try:
            grant = _granted(oauth, found.refresh_token, marker, lost=before == STARTED)
        except GrantRefusedError as error:
            marker.set(found.fingerprint, REFUSED)
            raise sign_in_needed(self.source, str(error), GrantRefusedError) from None
        crash_point("refresh-answered")
        newer = found.renewed(grant, self.clock.now())
        self.store.write(newer.text())
        crash_point("refresh-saved")
        marker.clear()
        return newer


def _granted(oauth: OAuth, token: Secret, marker: Marker, *, lost: bool) -> Grant:
    """Send the refresh token; `lost` if an earlier answer may have been lost.

    Then it is sent once. Otherwise a lost answer is followed by one more attempt.
    """
    try:
        return oauth.refreshed(token)
    except GrantRefusedError:
        raise
    except AnswerLostError:
        if lost:
            raise
    except ClioError:
        if not lost:
            marker.clear()  # it was not used
        raise
    return _granted(oauth, token, marker, lost=True)


def sign_in_needed(
    source: str, message: str = "", kind: type[SignInNeededError] = SignInNeededError
) -> SignInNeededError:
    """Return the error that asks to sign in, with the command that does it."""
    error = kind(message)
    error.hint = (
        f"What is stored stays as it is. Run {login(source)}, or set"
        f" SOURCES__{source.upper()}__ACCESS_TOKEN; then run the same command again."
    )
    return error
