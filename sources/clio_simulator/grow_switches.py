"""Behaviour of Clio Grow that is not documented, or that a test wants otherwise."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass
class GrowSwitches:
    """Set how this Clio Grow behaves; may be changed at any time."""

    grow_version: Literal["v2", "v1"] = "v2"
    """Play the early-access API: single records bare, fewer fields and lists, no `meta`."""

    grow_v1_meta: bool = False
    """Give the lists of v1 their `meta` all the same."""

    grow_page_size: int = 200
    """Records on a page; no parameter changes it."""

    grow_since_inclusive: bool = True
    """Let `updated_since` and `created_since` include records stamped at that very moment."""

    grow_next_base: Literal["server", "server_plus_v2", "grow_host_api_v2"] = "server"
    """Which of the documented bases `next` stands on: `…/grow/contacts`, `…/grow/v2/contacts` or
    `https://grow.clio.com/api/v2/contacts`. Only the first one is served here."""

    grow_next_filters: Literal["link", "token", "lost"] = "link"
    """Where the filters of a walk are in `next`: beside the token, inside it, or nowhere."""

    grow_nulls_in_paging: bool = False
    """Write `next: null` on the last page instead of leaving the key out."""

    grow_rate_limit: int = 3
    """Requests of the whole application in a window; 0, or a `rate_limit` of 0, is no limit."""

    grow_rate_window: float = 1.0
    """Length of that window in seconds."""

    grow_rate_sliding: bool = False
    """Count over the last window at every moment, instead of from one full second to the next."""

    grow_429_body: Literal["message", "error"] = "message"
    """Give a 429 the usual error object instead of the bare message."""

    grow_retry_after: bool = False
    """Give a 429 a `Retry-After`."""

    grow_error_status: Literal["word", "code"] = "word"
    """Write the status in an error body as a number in quotes instead of a word."""

    grow_missing_scopes: set[str] = field(default_factory=set)
    """Scopes that the application lacks, as `grow_contact_read`; those of `sources`, which Clio
    does not name, are called `grow_source_read` and `grow_source_write` here."""

    grow_missing_scope_answer: Literal["forbidden", "redirect"] = "forbidden"
    """Answer a request without its scope by a 302 to the sign-in instead of a 403."""

    grow_auth_host: str = "https://auth.api.clio.com"
    """Where that 302 leads."""

    grow_redacted: set[str] = field(default_factory=set)
    """Fields whose value is hidden, as `matters.hired_date`; a row's own `_redacted` adds to it."""

    grow_redacted_empty: bool = False
    """Write `redacted_fields: []` where nothing is hidden, instead of leaving the key out."""

    grow_timeouts: dict[str, int] = field(default_factory=dict)
    """Collection → the page from which on its walk without any filter is answered by 504."""

    grow_accepted_lead: Literal["gone", "shown"] = "gone"
    """Show an accepted lead, in a state of its own, to who asks for it by id, instead of 404."""

    grow_lead_rollout: bool = True
    """Without it leads have no `matter_type` and no `matter_location`."""

    grow_rename: Literal["silent", "stamped", "kept"] = "silent"
    """What renaming a matter type does to the matters that hold its name: they show the new one
    with or without their `updated_at` moving, or they keep the old one."""

    grow_convert_moves_updated_at: bool = True
    """Let the `clio_id` that a contact or matter is given move its `updated_at`."""

    grow_note_moves_parent: bool = False
    """Let a new note move the `updated_at` of its contact or matter."""

    grow_locked_note: Literal[422, 201] = 422
    """Whether a locked matter takes a note."""

    grow_unknown_key: Literal[422, 400] = 422
    """The status for a body with a key that is not documented."""

    grow_unknown_method: Literal[404, 405] = 404
    """The status for a method that a path does not have, as PATCH."""

    grow_surprises: bool = False
    """Give every third record a key that nobody documented, and values beyond the known ones."""

    grow_nonces: set[str] = field(default_factory=set)
    """Values of `custom_action_nonce` that are accepted, each once."""

    grow_tokens: set[str] = field(default_factory=lambda: {"simulator-grow-token"})
    """The access tokens that are accepted; they are not Manage's."""

    grow_other_tokens: dict[str, dict[str, int]] = field(default_factory=dict)
    """Access tokens of another user or account, as `{"t": {"user": 90102, "account": 2}}`."""

    grow_refresh_tokens: set[str] = field(default_factory=lambda: {"simulator-grow-refresh"})
    """The refresh tokens that are accepted, each once."""

    grow_token_life: int = 86_400
    """Seconds that a token lasts which was given out by `/grow/oauth/token`."""

    grow_client_id: str = "simulator-grow-app"
    """The application's key, which sign-in asks for."""

    grow_client_secret: str = "simulator-grow-secret"  # noqa: S105 - of an invented application
    """The application's secret."""

    grow_who_am_i: int = 90_101
    """The id of the user whose token this is."""
