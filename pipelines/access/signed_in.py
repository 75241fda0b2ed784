"""What the three commands work with, and how they show a sign-in."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.context import Context
from pipelines.outcome import table
from sources.clio_http.hosts import Gateway
from sources.errors import ConfigurationError

from . import access, client
from .refresh import Renewal
from .signin import SignIn

PRODUCTS = {"manage": "clio_manage", "grow": "clio_grow"}
_HEADINGS = ("product", "state", "account", "user", "region", "expires", "kept in")


def base_url(context: Context, source: str) -> str:
    """Return the address of a product's API."""
    return client.base_url(source, context.settings.sources[source])


def renewal(context: Context, source: str) -> Renewal:
    """Return the sign-in that is kept for a product.

    Raises:
        TokenStoreError: there is no place where it could be kept.

    """
    return access.renewal(source, context.settings, base_url(context, source), context.clock)


def gateway(context: Context) -> Gateway:
    """Return the gateway through which Clio Manage is reached.

    Raises:
        ConfigurationError: none is configured.

    """
    found = context.settings.sources["clio_manage"].gateway
    if found is None:
        message = 'sources.clio_manage.gateway must be set to "maton" for this command'
        raise ConfigurationError(message)
    return found


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
