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
