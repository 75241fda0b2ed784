"""Who the token belongs to: one warehouse holds one account, proved through one user's eyes."""

from dataclasses import dataclass
from typing import Any

import orjson

from .signin import SignedInUser

FIELDS = "id,account{id},account_owner,roles"


@dataclass(frozen=True)
class Identity:
    """An account, a user of it, and what that user may do, as far as Clio tells; else empty."""

    account_id: str = ""
    user_id: str = ""
    rights: str = ""


def _user_in(body: bytes) -> dict[str, Any]:
    """Return the user in an answer of `users/who_am_i`, with `data` around it or bare; else {}."""
    document = orjson.loads(body)
    user = document.get("data", document) if isinstance(document, dict) else None
    return user if isinstance(user, dict) else {}


def identity_of(body: bytes) -> Identity:
    """Read an answer of `users/who_am_i`."""
    user = _user_in(body)
    account = user.get("account")
    account_id = account.get("id") if isinstance(account, dict) else None
    roles = user.get("roles")
    named = sorted(str(role) for role in roles) if isinstance(roles, list) else []
    rights = [*(["account owner"] if user.get("account_owner") is True else []), *named]
    return Identity(_text(account_id), _text(user.get("id")), ", ".join(rights))


def person_of(body: bytes) -> SignedInUser:
    """Read an answer of `users/who_am_i`, Manage's or Grow's."""
    user = _user_in(body)
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


def is_other_account(known: Identity | None, now: Identity) -> bool:
    """Tell whether a token belongs to another firm than the one that is stored.

    A token of which Clio tells no account is told by its user; of one that may not even ask who
    it is, nothing can be told.
    """
    if known is None or not known.account_id:
        return False
    if now.account_id:
        return known.account_id != now.account_id
    return bool(now.user_id) and known.user_id != now.user_id
