"""A sign-in as it is kept: its tokens, what they are for, and whose they are."""

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Self

import pendulum

from pipelines.errors import TokenStoreError
from sources.clio_http.secret import Secret
from sources.clio_http.token_answers import Grant, registered

_EARLY = 60.0
_EARLY_SHARE = 0.1
_LONGEST = 10 * 365 * 86_400


@dataclass(frozen=True)
class SignInTarget:
    """What a sign-in is for: tokens are sent nowhere else."""

    region: str
    base_url: str
    oauth_url: str
    client_id: str


@dataclass(frozen=True)
class SignedInUser:
    """The account and user that a sign-in belongs to, as far as Clio told; else empty."""

    account_id: str = ""
    account: str = ""
    user_id: str = ""
    user: str = ""

    def may_be(self, known: "SignedInUser") -> bool:
        """Tell whether this is the account and user that were known, or nobody was."""
        ids = (self.account_id, self.user_id)
        return known == SignedInUser() or ids == (known.account_id, known.user_id)


@dataclass(frozen=True)
class SignIn:
    """A pair of tokens. `expires_at` is the access token's end by this machine's clock, if known.

    `scope` is what was granted, where Clio says, or asked for; empty if neither is known.
    """

    access_token: Secret
    refresh_token: Secret | None
    issued_at: pendulum.DateTime
    expires_at: pendulum.DateTime | None
    scope: str
    target: SignInTarget
    person: SignedInUser = SignedInUser()

    def ends(self, now: pendulum.DateTime) -> bool:
        """Tell whether the access token is over, or will be in a moment."""
        if self.expires_at is None:
            return False
        life = (self.expires_at - self.issued_at).total_seconds()
        return now.add(seconds=min(_EARLY, _EARLY_SHARE * life)) >= self.expires_at

    def is_for(self, target: SignInTarget) -> bool:
        """Tell whether its tokens may be sent where the settings say."""
        here = (self.target.base_url, self.target.oauth_url)
        same_application = target.client_id in {"", self.target.client_id}
        return here == (target.base_url, target.oauth_url) and same_application

    @property
    def fingerprint(self) -> str:
        """Return a mark of this very pair, from which no token can be had."""
        refresh = self.refresh_token.reveal() if self.refresh_token else ""
        pair = f"{self.access_token.reveal()}\0{refresh}"
        return sha256(pair.encode()).hexdigest()[:16]

    def renewed(self, grant: Grant, now: pendulum.DateTime) -> "SignIn":
        """Return the sign-in with the tokens that a refresh gave."""
        return replace(
            self,
            access_token=grant.access_token,
            refresh_token=grant.refresh_token or self.refresh_token,
            issued_at=now,
            expires_at=expiry(grant, now),
            scope=grant.scope or self.scope,
        )

    def text(self) -> str:
        """Write it down whole, tokens included: only for the place where sign-ins are kept."""
        return json.dumps(
            {
                "access_token": self.access_token.reveal(),
                "refresh_token": self.refresh_token.reveal() if self.refresh_token else None,
                "issued_at": self.issued_at.isoformat(),
                "expires_at": self.expires_at.isoformat() if self.expires_at else None,
                "scope": self.scope,
                "target": vars(self.target),
                "person": vars(self.person),
            }
        )

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what `text` wrote.

        Raises:
            TokenStoreError: it is something else.

        """
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            return cls._read(json.loads(text))
        message = "what is kept as the sign-in cannot be read"
        raise TokenStoreError(message)

    @classmethod
    def _read(cls, kept: dict[str, Any]) -> Self:
        refresh, expires_at = kept["refresh_token"], kept["expires_at"]
        return cls(
            access_token=registered(str(kept["access_token"])),
            refresh_token=registered(str(refresh)) if refresh else None,
            issued_at=_moment(kept["issued_at"]),
            expires_at=_moment(expires_at) if expires_at else None,
            scope=str(kept["scope"]),
            target=SignInTarget(**kept["target"]),
            person=SignedInUser(**kept["person"]),
        )


def expiry(grant: Grant, now: pendulum.DateTime) -> pendulum.DateTime | None:
    """Return when an access token that was given now ends, None if Clio did not say."""
    return None if grant.expires_in is None else now.add(seconds=min(grant.expires_in, _LONGEST))


def _moment(text: str) -> pendulum.DateTime:
    parsed = pendulum.parse(text)
    if not isinstance(parsed, pendulum.DateTime):
        raise TypeError
    return parsed
