"""The `auth` commands: sign in with a browser, see who is signed in, sign out."""

import re
import select
import threading
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TextIO

from pipelines.config import PRODUCTS
from pipelines.context import Context
from pipelines.errors import NotRevokedError
from pipelines.outcome import Outcome, table
from pipelines.warehouse import prepare_data_folder
from sources.clio_http.client import WHO_AM_I
from sources.clio_http.hosts import host_of
from sources.clio_http.oauth import OAuth, Request
from sources.clio_http.secret import Secret
from sources.clio_http.statuses import hints_for, of_product
from sources.clio_http.token_answers import code_in, registered
from sources.errors import (
    ClioError,
    ConfigurationError,
    GrantRefusedError,
    Interrupted,
    SignInNeededError,
)

from .account import person_of
from .callback import listening
from .client import Access, application, open_client_with, renewal, target
from .refresh import REFUSED, Marker, Renewal, sign_in_lock, sign_in_needed
from .signin import SignedInUser, SignIn, expiry
from .tokens import TokenStore, store_for

SIGNED_IN = frozenset({"signed_in", "configured"})
_HEADINGS = ("product", "state", "account", "user", "region", "expires", "kept in")
_ADDRESS = re.compile(r"(?:^|[?&])(?:code|state|error)=")
"""What an address that answers a sign-in holds; a code alone may end in `=`."""
_FIELDS = {"clio_manage": (("fields", "id,name,account{id,name}"),)}
_POLL = 0.2


@dataclass(frozen=True)
class Way:
    """How a person is asked: what opens a page for them, or else where they type; and the port.

    The page that is opened leads back to the port, which the application's redirect URI names.
    """

    typed: TextIO
    opens: Callable[[str], bool] | None = None
    port: int | None = None


def run_login(context: Context, source: str, way: Way) -> Outcome:
    """Let a person sign in to a product, keep the tokens, and tell whose they are.

    Raises:
        ConfigurationError: the application's key or secret is not configured, the port is taken,
            or a gateway is configured.
        SignInNeededError: it was not allowed, or nobody answered.
        ClioError: it could not be done.

    """
    outcome = Outcome("auth login", context.clock.now())
    options = context.settings.sources[source]
    if options.gateway is not None:
        message = (
            f"sources.{source}.gateway is set, so no sign-in of ours would be used: clio-sync auth"
            " connections create signs in at the gateway"
        )
        raise ConfigurationError(message)
    port = way.port or options.redirect_port
    asking = application(source, options, port)
    with hints_for(source):
        store = store_for(source, context.settings)
        prepare_data_folder(context.settings.data_dir)
        oauth = OAuth(asking, context.clock)
        request = oauth.request()
        if way.opens:
            code = _by_browser(context, request, port, way.opens)
        else:
            code = _by_hand(context, request, way.typed)
        grant = oauth.exchanged(code, request.verifier)
    now = context.clock.now()
    found = SignIn(
        grant.access_token,
        grant.refresh_token,
        issued_at=now,
        expires_at=expiry(grant, now),
        scope=grant.scope or " ".join(asking.scopes),
        target=target(source, options),
    )
    # kept before it is first used: an answer that is lost later costs nothing
    with sign_in_lock(context.settings.data_dir, source) as marker:
        store.write(found.text())
        marker.clear()
    found = _introduced(context, source, found, outcome)
    if found.person != SignedInUser():
        _name(context, source, store, found)
    outcome.results = [shown(source, "signed_in", store.place, found)]
    outcome.text = sign_ins_text(outcome.results)
    if comes_first(context, source):
        context.reporter.note(f"SOURCES__{source.upper()}__ACCESS_TOKEN is set and comes first.")
    return outcome


def _name(context: Context, source: str, store: TokenStore, found: SignIn) -> None:
    """Add whose it is, unless another process has renewed or replaced the tokens meanwhile."""
    with sign_in_lock(context.settings.data_dir, source):
        kept = store.read()
        if kept is not None and SignIn.read(kept).fingerprint == found.fingerprint:
            store.write(found.text())


def open_page(url: str) -> bool:
    """Open a page in the browser of this machine; tell whether that worked."""
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False


def _by_browser(
    context: Context, request: Request, port: int, opens: Callable[[str], bool]
) -> Secret:
    with listening(port, request.state) as listener:
        where = host_of(request.url)
        context.reporter.note(
            f"Sign in at {where} in the browser that opens; this waits 5 minutes."
        )
        if not opens(request.url):
            message = "no browser could be opened"
            error = SignInNeededError(message)
            error.hint = "Run the same command with --no-browser."
            raise error
        address = listener.answer(context.clock, context.stop)
    return code_in(address, request.state)


def _by_hand(context: Context, request: Request, typed: TextIO) -> Secret:
    context.reporter.note(
        f"Open this page in a browser and sign in:\n\n  {request.url}\n\n"
        "Then paste the address that the browser was sent to, or the code in it, and press Enter."
    )
    pasted = line(context.stop, typed).strip()
    if not pasted:
        message = "no code was given"
        raise SignInNeededError(message)
    if _ADDRESS.search(pasted):
        return code_in(pasted if "?" in pasted else f"?{pasted}", request.state)
    return registered(pasted)


def _introduced(context: Context, source: str, found: SignIn, outcome: Outcome) -> SignIn:
    """Ask Clio whose sign-in this is; a refused token is an error, another failure a note."""
    given = Access(found.access_token)
    try:
        with open_client_with(
            source, context.settings, given, context.clock, context.stop
        ) as client:
            answer = client.get(WHO_AM_I, _FIELDS.get(source, ()))
    except SignInNeededError as error:
        outcome.errors.append(("", error))
        outcome.exit_code = error.exit_code
    except ClioError as error:
        context.reporter.note(f"Signed in, but Clio did not say who this is: {error}")
    else:
        return replace(found, person=person_of(answer.body))
    return found


def line(stop: threading.Event, stream: TextIO) -> str:
    """Read a line, and look now and then whether to stop; the end of the input gives nothing."""
    while not select.select([stream], [], [], _POLL)[0]:
        if stop.is_set():
            raise Interrupted
    return stream.readline()


def run_status(context: Context, sources: Sequence[str]) -> Outcome:
    """Show the sign-ins of some products, or all; exit code 3 if there is none among them."""
    outcome = Outcome("auth status", context.clock.now())
    sources = sources or PRODUCTS
    for source in sources:
        try:
            row = _row(context, source)
        except ClioError as error:
            row = shown(source, error.code, "-")
            outcome.errors.append((source, of_product(error, source)))
        outcome.results = [*outcome.results, row]
    outcome.text = sign_ins_text(outcome.results)
    if not any(row["state"] in SIGNED_IN for row in outcome.results):
        outcome.errors = outcome.errors or [("", sign_in_needed(sources[0], "nobody is signed in"))]
        outcome.exit_code = 3
    return outcome


def _row(context: Context, source: str) -> dict[str, Any]:
    gateway = context.settings.sources[source].gateway
    if gateway is not None:
        gateway.needed_key()
        return shown(source, "configured", f"the key of the Maton gateway, {gateway.host}")
    if comes_first(context, source):
        return shown(source, "configured", "the environment or .dlt; never renewed")
    kept = renewal(source, context.settings, context.clock)
    text = kept.store.read()
    if text is None:
        return shown(source, "nobody", kept.store.place)
    found = SignIn.read(text)
    if not found.is_for(kept.target):
        return shown(source, "elsewhere", kept.store.place, found)
    state = "refused" if kept.state(found) == REFUSED else "signed_in"
    return shown(source, state, kept.store.place, found)


def run_logout(context: Context, sources: Sequence[str]) -> Outcome:
    """Revoke the sign-ins of some products, or all, at Clio, and drop them here in any case.

    Raises:
        ClioError: what is kept here cannot be reached.

    """
    outcome = Outcome("auth logout", context.clock.now())
    for source in sources or PRODUCTS:
        with hints_for(source):
            state = _signed_out(context, source, outcome)
        if comes_first(context, source):
            context.reporter.note(
                f"SOURCES__{source.upper()}__ACCESS_TOKEN is set and stays in use."
            )
        outcome.results = [*outcome.results, shown(source, state, "-")]
    outcome.exit_code = max((error.exit_code for _, error in outcome.errors), default=0)
    outcome.text = sign_ins_text(outcome.results)
    return outcome


def _signed_out(context: Context, source: str, outcome: Outcome) -> str:
    kept = renewal(source, context.settings, context.clock)
    if not context.settings.data_dir.is_dir():
        return "nobody"
    with sign_in_lock(context.settings.data_dir, source) as marker:
        try:
            text = kept.store.read()
            if text is None:
                return "nobody"
            _revoke(kept, SignIn.read(text), marker)
        except ClioError as error:
            outcome.errors.append((source, NotRevokedError(str(error))))
        kept.store.delete()
        marker.clear()
    return "signed_out"


def _revoke(kept: Renewal, found: SignIn, marker: Marker) -> None:
    """Make Clio forget a sign-in; one that it has forgotten already is as good."""
    if not found.is_for(kept.target):
        message = "it was made at another place than the settings name"
        raise SignInNeededError(message)
    oauth = kept.oauth()
    try:
        oauth.revoke(found.access_token, found.refresh_token)
    except SignInNeededError:
        # the access token alone may be over, and the refresh token alive
        try:
            fresh = kept.renewed(found, marker)
        except GrantRefusedError:
            return
        oauth.revoke(fresh.access_token, fresh.refresh_token)


def comes_first(context: Context, source: str) -> bool:
    """Tell whether a token is configured, which comes before a sign-in."""
    return context.settings.sources[source].access_token is not None


def shown(source: str, state: str, place: str, found: SignIn | None = None) -> dict[str, Any]:
    """Describe a sign-in without its tokens; what is not known is None."""
    person = found.person if found else None
    return {
        "source": source,
        "state": state,
        "account_id": (person and person.account_id) or None,
        "account": (person and person.account) or None,
        "user_id": (person and person.user_id) or None,
        "user": (person and person.user) or None,
        "region": found.target.region if found else None,
        "scopes": found.scope.split() if found and found.scope else None,
        "expires_at": found.expires_at if found else None,
        "kept_in": place,
    }


def sign_ins_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Lay sign-ins out for a person."""
    cells = [
        (
            row["source"].removeprefix("clio_"),
            row["state"].replace("_", " "),
            _named(row["account"], row["account_id"]),
            _named(row["user"], row["user_id"]),
            row["region"],
            row["expires_at"],
            row["kept_in"],
        )
        for row in rows
    ]
    scopes = [
        f"Scopes of {row['source'].removeprefix('clio_')}: {' '.join(row['scopes'])}"
        for row in rows
        if row["scopes"]
    ]
    return "\n".join([table(_HEADINGS, cells), *scopes, ""])


def _named(name: str | None, number: str | None) -> str | None:
    parts = [part for part in (name, number and f"({number})") if part]
    return " ".join(parts) or None
