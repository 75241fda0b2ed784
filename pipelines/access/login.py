"""Sign in: a person allows it in the browser, and the tokens are kept."""

import re
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TextIO

from pipelines.context import Context
from pipelines.outcome import Outcome
from pipelines.warehouse import prepare_data_folder
from sources.clio_http.client import WHO_AM_I
from sources.clio_http.hosts import host_of
from sources.clio_http.oauth import OAuth, Request
from sources.clio_http.secret import Secret
from sources.clio_http.statuses import hints_for
from sources.clio_http.token_answers import Grant, code_in, registered
from sources.errors import ClioError, ConfigurationError, SignInNeededError

from . import access
from .access import Access
from .account import user_in
from .callback import listening
from .client import open_client_with
from .prompt import line
from .refresh import sign_in_lock
from .signed_in import base_url, comes_first, shown, sign_ins_text
from .signin import SignedInUser, SignIn, expiry
from .tokens import TokenStore, store_for

_ADDRESS = re.compile(r"(?:^|[?&])(?:code|state|error)=")
"""What an address that answers a sign-in holds; a code alone may end in `=`."""
_FIELDS = {"clio_manage": (("fields", "id,name,account{id,name}"),)}


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
    application = access.application(source, options, port)
    with hints_for(source):
        store = store_for(source, context.settings)
        prepare_data_folder(context.settings.data_dir)
        grant = _granted(context, OAuth(application, context.clock), replace(way, port=port))
    now = context.clock.now()
    found = SignIn(
        grant.access_token,
        grant.refresh_token,
        issued_at=now,
        expires_at=expiry(grant, now),
        scope=grant.scope or " ".join(application.scopes),
        target=access.target(source, options, base_url(context, source)),
    )
    # kept before it is first used: an answer that is lost later costs nothing
    _keep(context, source, store, found)
    found = _introduced(context, source, found, outcome)
    if found.person != SignedInUser():
        _name(context, source, store, found)
    outcome.results = [shown(source, "signed_in", store.place, found)]
    outcome.text = sign_ins_text(outcome.results)
    if comes_first(context, source):
        context.reporter.note(f"SOURCES__{source.upper()}__ACCESS_TOKEN is set and comes first.")
    outcome.finished_at = context.clock.now()
    return outcome


def _granted(context: Context, oauth: OAuth, way: Way) -> Grant:
    """Ask the person, and exchange the code that comes back."""
    request = oauth.request()
    if way.opens:
        code = _by_browser(context, request, way.port or 0, way.opens)
    else:
        code = _by_hand(context, request, way.typed)
    return oauth.exchanged(code, request.verifier)


def _keep(context: Context, source: str, store: TokenStore, found: SignIn) -> None:
    with sign_in_lock(context.settings.data_dir, source) as marker:
        store.write(found.text())
        marker.clear()


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


def person_of(body: bytes) -> SignedInUser:
    """Read an answer of `users/who_am_i`, Manage's or Grow's."""
    user = user_in(body)
    account = user.get("account")
    account = account if isinstance(account, dict) else {}
    names = [str(user[name]) for name in ("first_name", "last_name") if user.get(name)]
    return SignedInUser(
        account_id=_text(account.get("id")),
        account=_text(account.get("name") or account.get("firm_name")),
        user_id=_text(user.get("id")),
        user=_text(user.get("name")) or " ".join(names),
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)
