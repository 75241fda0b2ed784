"""How the products' sign-ins differ: hosts, scopes, PKCE, and how a token is revoked."""

from collections.abc import Mapping
from dataclasses import dataclass

from sources.errors import ConfigurationError

from .hosts import CLIO_HOSTS, LOOPBACK_HOSTS, base_origin

PREFIXES = {"us": "", "ca": "ca.", "eu": "eu.", "au": "au."}
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
    `pkce` is sent where it is documented. `revoke_path` takes the access token as a bearer, or by
    RFC 7009 either token with the application's own credentials. `beside_api` if the sign-in is on
    the host of the API.
    """

    hosts: Mapping[str, str]
    beside_api: bool
    scopes: tuple[str, ...]
    pkce: bool
    revoke_path: str
    revoke_bearer: bool


DIALECTS = {
    "clio_manage": Dialect(
        hosts={region: f"https://{prefix}app.clio.com" for region, prefix in PREFIXES.items()},
        beside_api=True,
        scopes=(),
        pkce=False,
        revoke_path="/oauth/deauthorize",
        revoke_bearer=True,
    ),
    "clio_grow": Dialect(
        hosts={region: f"https://{prefix}auth.api.clio.com" for region, prefix in PREFIXES.items()},
        beside_api=False,
        scopes=_GROW_SCOPES,
        pkce=True,
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
