"""Behaviour that Clio does not document, or that a test wants otherwise: one switch each.

The defaults are what is documented or most likely; each comment says what the other value does.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from .grow_switches import GrowSwitches
from .unknown_switches import UnknownSwitches


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
    """Give a new refresh token at each refresh and refuse the old one."""

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
