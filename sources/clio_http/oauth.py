"""Sign-in: the authorisation step, and tokens for a code or a refresh token.

Authlib does the protocol; what it sends goes through our own exchange, once, with every bound.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from authlib.common.security import generate_token
from authlib.oauth2.client import OAuth2Client

from sources.errors import (
    AnswerLostError,
    ClioError,
    ConfigurationError,
    RequestRefusedError,
    SignInNeededError,
    UnavailableError,
    UnreachableError,
    UnreadableAnswerError,
    UntrustedServerError,
)

from .clock import Clock
from .exchange import Bounds, Exchange, RawAnswer
from .hosts import CLIO_HOSTS, LOOPBACK_HOSTS, PREFIXES, base_origin
from .secret import Secret, quiet_libraries, register_secret
from .token_answers import (
    GOOD,
    AuthlibSession,
    FromAuthlib,
    Grant,
    RefusedError,
    grant_of,
    meaning,
    registered,
    usable,
)

_GROW_SCOPES = (
    "grow_contact_read",
    "grow_contact_note_read",
    "grow_custom_action_read",
    "grow_custom_field_read",
    "grow_lead_inbox_read",
    "grow_lead_inbox_all_read",
    "grow_location_read",
    "grow_matter_read",
    "grow_matter_note_read",
    "grow_matter_type_read",
    "grow_user_read",
)


@dataclass(frozen=True)
class Dialect:
    """How one product signs in.

    `scopes` are asked for where the settings name none; Manage's are those of the application.
    A proof (PKCE) goes to both: a server that does not know it passes it over (RFC 6749, 3.1).
    `revoke_path` takes the access token as a bearer, or by
    RFC 7009 either token with the application's own credentials. `beside_api` if the sign-in is on
    the host of the API.
    """

    hosts: Mapping[str, str]
    beside_api: bool
    scopes: tuple[str, ...]
    revoke_path: str
    revoke_bearer: bool


DIALECTS = {
    "clio_manage": Dialect(
        hosts={region: f"https://{prefix}app.clio.com" for region, prefix in PREFIXES.items()},
        beside_api=True,
        scopes=(),
        revoke_path="/oauth/deauthorize",
        revoke_bearer=True,
    ),
    "clio_grow": Dialect(
        hosts={region: f"https://{prefix}auth.api.clio.com" for region, prefix in PREFIXES.items()},
        beside_api=False,
        scopes=_GROW_SCOPES,
        revoke_path="/oauth/revoke",
        revoke_bearer=False,
    ),
}


def oauth_base(url: str) -> str:
    """Check the address of a sign-in, to which the application's secret goes, and give it.

    Raises:
        ConfigurationError: it is neither one of Clio's nor this machine.
    """
    host = base_origin(url).host
    if host not in CLIO_HOSTS | LOOPBACK_HOSTS:
        message = f"{host} is not a host at which one signs in to Clio"
        raise ConfigurationError(message)
    return url


BOUNDS = Bounds(connect=10.0, read=30.0, total=30.0, body=65_536)
"""A token call may take 30 seconds, and its answer is small."""

_VERIFIER_LENGTH = 64
_STATE_LENGTH = 43
_UNAUTHORIZED = 401
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Application:
    """The firm's application as Clio knows it, and where one signs in with it.

    `oauth_url` is an origin and perhaps a path; `/oauth/token` and its like are appended.
    """

    product: str
    oauth_url: str
    client_id: str
    client_secret: Secret
    redirect_uri: str = ""
    scopes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an address that the secret must not be sent to."""
        oauth_base(self.oauth_url)

    @property
    def dialect(self) -> Dialect:
        """Return how the product signs in."""
        return DIALECTS[self.product]

    def address(self, path: str) -> str:
        """Return the address of a path such as `/oauth/token`."""
        return f"{self.oauth_url}{path}"


@dataclass(frozen=True)
class Request:
    """A sign-in that waits for its answer: the page to open, and what only we know of it."""

    url: str = field(repr=False)  # it holds the state
    state: Secret
    verifier: Secret


class OAuth:
    """Speaks to the sign-in of one product. Nothing is ever sent twice."""

    def __init__(self, application: Application, clock: Clock) -> None:
        """Take the application; nothing is sent yet."""
        quiet_libraries()
        register_secret(application.client_secret)
        self._application = application
        self._clock = clock

    def request(self) -> Request:
        """Prepare a sign-in."""
        application = self._application
        state = registered(generate_token(_STATE_LENGTH))
        verifier = registered(generate_token(_VERIFIER_LENGTH))
        url, _ = self._protocol(None).create_authorization_url(
            application.address("/oauth/authorize"),
            state=state.reveal(),
            code_verifier=verifier.reveal(),
            scope=list(application.scopes) or None,
        )
        return Request(str(url), state, verifier)

    def exchanged(self, code: Secret, verifier: Secret) -> Grant:
        """Return the tokens for a code.

        Raises:
            GrantRefusedError: Clio does not take the code.
            ClioError: as for `refreshed`.
        """
        register_secret(code)
        token = self._asked(
            lambda client: client.fetch_token(
                self._application.address("/oauth/token"),
                grant_type="authorization_code",
                code=code.reveal(),
                code_verifier=verifier.reveal(),
            )
        )
        return grant_of(token)

    def refreshed(self, refresh_token: Secret) -> Grant:
        """Return new tokens for a refresh token, by one call.

        Raises:
            GrantRefusedError: Clio no longer takes this token.
            AnswerLostError: it was sent, and may have been used up.
            ClioError: anything else means that it was not used.
        """
        register_secret(refresh_token)
        token = self._asked(
            lambda client: client.refresh_token(
                self._application.address("/oauth/token"), refresh_token=refresh_token.reveal()
            )
        )
        return grant_of(token)

    def revoke(self, access_token: Secret, refresh_token: Secret | None) -> None:
        """Make Clio forget a sign-in.

        Raises:
            SignInNeededError: Clio does not know the token, or not the application.
            ClioError: it could not be done.
        """
        address = self._application.address(self._application.dialect.revoke_path)
        if self._application.dialect.revoke_bearer:
            bearer = {"Authorization": f"Bearer {access_token.reveal()}"}
            answer = self._post(address, "", bearer)
        else:
            token = (refresh_token or access_token).reveal()
            answer = self._asked(lambda client: client.revoke_token(address, token=token).raw)
        if answer.status == _UNAUTHORIZED:
            message = "Clio does not take the token that was to be revoked"
            raise SignInNeededError(message)
        if answer.status not in GOOD:
            message = f"revoking was answered with {answer.status}"
            raise RequestRefusedError(message)

    def _asked(self, ask: Callable[[FromAuthlib], FromAuthlib]) -> FromAuthlib:
        refused: str
        try:
            return ask(self._protocol(AuthlibSession(self._post)))
        except RefusedError as error:
            refused = error.error
        # Raised only here: the frames of the exception above hold the client's secret.
        raise meaning(refused, self._application.product)

    def _protocol(self, session: AuthlibSession | None) -> FromAuthlib:
        application = self._application
        client = OAuth2Client(
            session,
            client_id=application.client_id,
            client_secret=application.client_secret.reveal(),
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 - a method's name
            revocation_endpoint_auth_method="client_secret_basic",
            redirect_uri=application.redirect_uri,
            code_challenge_method="S256",
        )
        client.oauth_error_class = RefusedError
        return client

    def _post(self, url: str, body: str, headers: Mapping[str, str]) -> RawAnswer:
        """Send once, over a connection of its own: a kept one may be dead already.

        It is not stopped half-way either: an answer that is thrown away is a token lost.
        """
        lost: ClioError
        try:
            with closing(Exchange(BOUNDS, self._clock, threading.Event())) as exchange:
                answer = exchange.send("POST", url, {**_HEADERS, **headers}, body=body)
        except (UnreachableError, UntrustedServerError):
            raise
        except (UnavailableError, UnreadableAnswerError) as error:
            lost = AnswerLostError(str(error))
        else:
            return usable(answer)
        raise lost
