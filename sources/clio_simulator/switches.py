"""Behaviour that Clio does not document, or that a test wants otherwise: one switch each.

The defaults are what is documented or most likely; each sentence says what the other value does.
Where a collection is named, those of Grow are `grow.contacts` and so on.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal


@dataclass
class UnknownSwitches:
    """Set what cannot be known of this Clio; may be changed at any time."""

    hidden_fields: dict[str, set[str]] = field(default_factory=dict)
    """Collection, or `*`, → fields that the token's user may not see. They answer 200 with null;
    an array whose entries have ids keeps them, with the id and null in every other member. A PATCH
    that names one is 403. The etag stays that of the record."""
    hidden_fields_shape: Literal["null", "stripped", "missing"] = "null"
    """How hidden objects and plain values look: null, an object with null in every member (a plain
    value: null), or no key at all. Arrays whose entries have ids are always stripped."""
    forbidden: set[str] = field(default_factory=set)
    """Collections that the token's user may not use: list, item and writes are 403."""
    emptied: set[str] = field(default_factory=set)
    """Collections of which the token's user sees no row: lists answer 200 without rows, items 404.
    Single rows are hidden by `Changes.hide` and shown again by `Changes.restore`, a share of them
    by `lose` and `regain`."""
    misfits: dict[str, dict[int, dict[str, object]]] = field(default_factory=dict)
    """Collection → id → field → what is sent in the place of its value, in lists, items and answers
    to writes: any JSON, text that is no Unicode (half a surrogate pair) or raw bytes (`Raw`). The
    record keeps its value: filters and order see that one."""
    poison: dict[str, set[int]] = field(default_factory=dict)
    """Collection → records that break every page that they are on, and their own address."""
    poison_as: Literal["500", "504", "unreadable"] = "500"
    """How such a page ends: by an error of Clio's, by that of a gateway before it, or by a 200
    whose JSON breaks off."""
    poison_only_nested: bool = False
    """Let those records break only what asks for fields inside others, as `client{name}`."""
    heavy_above: dict[str, int] = field(default_factory=dict)
    """Collection → the greatest `limit` that is answered; above it the gateway says 504."""
    token_binds_limit: Literal["no", "refuse", "ignore"] = "no"  # noqa: S105 - of a page
    """What another `limit` does beside a page token than the one that the token was made with: it
    holds, it is 400, or the old one goes on."""
    limit_maximum: dict[str, int] = field(default_factory=dict)
    """Collection → a greatest `limit` of its own, below the documented one; `limit_above_maximum`
    says what happens above it."""
    type_case: Literal["any", "lower", "upper"] = "any"
    """Refuse `type` of notes with 422 unless it is `matter` (lower) or `Matter` (upper)."""
    practice_areas_redirect: bool = False
    """Answer `practice_areas` by a 307 to `practice_areas_with_categories`, which has its rows."""
    merged_answers_survivor: bool = False
    """Answer the address of a contact that a merge took away with the record that it went into."""
    hang: set[str] | bool = False
    """Collections, or true for all, whose lists take a request and never answer it."""
    date_offset: float = 0.0
    """Seconds by which the header `Date` is off."""
    date_answers: int | None = None
    """How many answers are still to have that offset; None is all."""
    deprecation: dict[str, str] = field(default_factory=dict)
    """Path, or a glob of paths, as `bills` or `grow/*` → the value of `Sunset` in its answers,
    which say `Deprecation: true` besides; empty leaves `Sunset` out."""
    answers_version: str = ""
    """The API version that answers say they have, instead of the one that was asked for."""
    order_not_listed: Literal["refuse", "ignore"] = "refuse"
    """What a list that documents its orders does with another one, as `id(asc)` for
    `report_presets`: 400, or the order that it has when none is asked for."""
    undocumented_order: Literal["ignore", "refuse"] = "ignore"
    """What a list that documents no `order` does with any: nothing, or 400."""
    contact_listed_twice: bool = True
    """List a contact of a matter once for each of its roles there, as client and by each
    relationship, instead of once."""
    client_row: Literal["first", "last"] = "first"
    """Where the client, whose row has no relationship, stands among the contacts of a matter that
    are in order of the relationship's id."""
    related_contact_id: Literal["relationship", "contact"] = "relationship"
    """Whose id a row of `related_contacts` has as its own; it is in order of the relationship's
    either way."""


@dataclass
class GrowSwitches:
    """Set how this Clio Grow behaves; may be changed at any time."""

    grow_version: Literal["v2", "v1"] = "v2"
    """Play the early-access API: single records bare, fewer fields and lists, no `meta`."""
    grow_v1_meta: bool = False
    """Send `meta` with the lists of v1 all the same."""
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
    """Send the usual error object with a 429 instead of the bare message."""
    grow_retry_after: bool = False
    """Send `Retry-After` with a 429."""
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
    """Show in every third record a key that nobody documented, and values beyond the known."""
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


@dataclass
class Switches(GrowSwitches, UnknownSwitches):
    """Set how this Clio behaves; may be changed at any time. Those of Grow begin with `grow_`."""

    if not TYPE_CHECKING:  # The checker of types would take it as leave to set any name.

        def __setattr__(self, name: str, value: object) -> None:
            """Set a switch, so that a name that is none does not pass for one.

            Raises:
                AttributeError: there is no such switch.

            """
            if name not in type(self).__dataclass_fields__:
                message = f"there is no switch {name}"
                raise AttributeError(message)
            super().__setattr__(name, value)

    updated_since_inclusive: bool = False
    """Let `updated_since` and `created_since` include rows stamped at that very moment."""
    milliseconds: bool = False
    """Write timestamps with milliseconds, and compare them so."""
    strict_parameters: bool = False
    """Refuse an unknown query parameter with 400 instead of ignoring it."""
    limit_above_maximum: Literal["clamp", "refuse"] = "clamp"
    """Refuse a `limit` above the maximum with 422 instead of serving the maximum."""
    records_in_meta: bool = False
    """Add `meta.records`, the number of rows of the whole list (costs a scan)."""
    deleted_bills_listed: bool = False
    """Show bills in state deleted in the list that names no state."""
    void_bills_listed: bool = True
    """Show bills in state void in the list that names no state."""
    voided_allocations_listed: bool = False
    """Show voided allocations in the list that names no status."""
    disabled_users_listed: bool = True
    """Show disabled users in the list that does not name `enabled`."""
    top_level_only: bool = False
    """Read the default `scope=children` without `parent_id` as: rows outside every folder."""
    insertion_order: bool = False
    """Page the lists that document no order as they were inserted, by position, not by id."""
    id_order_ignored: bool = False
    """Serve `order=id(asc)` newest first, by position."""
    nulls_in_paging: bool = False
    """Write `next: null` on the last page instead of leaving the key out."""
    hidden_answer: Literal[404, 403] = 404
    """Answer 403 where one asks for a hidden record itself, instead of 404 as for no record."""
    redact_activities: bool = False
    """Hide hours and totals of activities, as from a user who may not see them."""
    child_moves_updated_at: bool = True
    """Let an edit inside a record (phone number, custom field value) move its `updated_at`."""
    child_moves_etag: bool = True
    """Let an edit inside a record move its etag."""
    custom_fields_live: bool = False
    """Let a custom field value show name, type, order and marks of its custom field as they are
    now, instead of as they were when it was written; neither stamp nor etag of the record moves."""
    silent_relations: set[str] = field(default_factory=set)
    """Relations whose edits move neither, as `matters.custom_field_values`."""
    merge_moves_children: bool = True
    """Let a merge of contacts move `updated_at` of the records that pointed at the loser."""
    unknown_body_fields: Literal["drop", "refuse"] = "drop"
    """Refuse a body that names an unknown field with 422 instead of dropping the field."""
    ignored_fields: set[str] = field(default_factory=lambda: {"line_items.quantity"})
    """Fields, as `matters.description`, that a write answers with 200 and leaves as they are."""
    side_effects: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What a write of one field sets beside it, as `{"matters.location": {"client_reference":
    "x"}}`; the values are those of the row."""
    normalise: set[str] = field(default_factory=set)
    """What the server does to text that is written: `trim`, `nfc`, `email_case`, `phone`."""
    null_reference: Literal["ignore", "refuse", "clear"] = "ignore"
    """What null or `{}` does to a reference that may not be null, as `originating_attorney`:
    200 and nothing, 422, or the reference is gone. `{"id": null}` is always 422."""
    second_custom_value: Literal["add", "refuse", "replace"] = "add"
    """What a second value without id does for one custom field: one more, 422, or its content."""
    status_sets_dates: bool = True
    """Let a matter that is closed or pended without a date get that of the day."""
    number_needs_reset: bool = True
    """Leave `display_number` of a matter as it is unless `reset_matter_number` is true."""
    advanced_tasks: bool = False
    """Accept the task statuses `in_progress`, `in_review` and `draft` instead of 422."""
    report_seconds: float = 0.0
    """Seconds until a report that was asked for is made."""
    report_fails: bool = False
    """Let every report that is asked for fail."""
    reports_count_drafts: bool = False
    """Let reports count draft bills as if they were approved."""
    report_rate: float = 1.0
    """What reports multiply the balance of a bill by that is in another currency than dollars."""
    report_allocation: Literal["proportional", "in_order"] = "proportional"
    """How the revenue report spreads a payment over the lines of its bill."""
    read_only: set[str] = field(default_factory=set)
    """Collections that this user may not write to: 403."""
    if_match_needs_quotes: bool = False
    """Refuse an `If-Match` without the double quotes with 412."""
    if_match_ignored: set[str] = field(default_factory=set)
    """Collections whose writes look at no `If-Match`."""
    delete_checks_if_match: bool = False
    """Let DELETE heed `If-Match`; Clio documents that for grant funding sources alone."""
    content_etags: bool = False
    """Make etags of what a record holds alone, so that A, B, A gives the first one again."""
    etag_forms: dict[str, str] = field(default_factory=dict)
    """Collection, or `*`, → how its etags look: `weak` (`W/"…"`), `comma` (a comma inside the
    quotes), `bare` (no quotes) or `none` (null, and no header)."""
    etag_header: Literal["same", "weak", "none"] = "same"
    """Weaken or leave out the header `ETag` alone, as an intermediary does."""
    rate_limit: int = 50
    """Requests for each token in a window; 0 switches the limit off."""
    rate_window: float = 60.0
    """Length of that window in seconds."""
    retry_header: Literal["Retry-After", "Retry-At", ""] = "Retry-After"
    """The header that comes with a 429."""
    tokens: set[str] = field(default_factory=lambda: {"simulator-token"})
    """The access tokens that are accepted."""
    other_tokens: dict[str, dict[str, int]] = field(default_factory=dict)
    """Access tokens of another user or account, as `{"t": {"user": 103, "account": 2}}`: for them
    `users/who_am_i` answers so; the records are the same."""
    refresh_tokens: set[str] = field(default_factory=lambda: {"simulator-refresh"})
    """The refresh tokens that are accepted."""
    token_life: int = 2_592_000
    """Seconds that a token lasts which was given out by `/oauth/token`."""
    client_id: str = "simulator-application"
    """The key of the one application that may sign in."""
    client_secret: str = "simulator-secret"  # noqa: S105 - there is nothing behind it
    """The secret of that application."""
    sign_in_denied: bool = False
    """Let the person who is asked say no."""
    rotate_refresh_tokens: bool = False
    """Send a new refresh token at each refresh and refuse the old one."""
    oldest_version: int = 4
    """N of the oldest API version 4.0.N that is not retired."""
    newest_version: int = 13
    """N of the default and newest API version 4.0.N."""
    who_am_i: int = 101
    """The id of the user whose token this is."""
    maton_key: str = "simulator-maton-key"
    """The key that the Maton gateway accepts."""
    maton_upstream: str = "app.clio.com"
    """The host that the gateway asks Clio by, so that `next` stands on it."""
    maton_created: Literal["whole", "id"] = "whole"
    """Answer the making of a connection with its id alone."""
