"""What a Clio withholds, refuses, breaks or sends amiss, so that a caller cannot know a value.

Where a collection is named, those of Grow are `grow.contacts` and so on.
"""

from dataclasses import dataclass, field
from typing import Literal


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
