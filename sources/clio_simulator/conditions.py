"""The condition of a write: `If-Match` against the record's entity tag."""

import re
from collections.abc import Iterator

from .errors import Refusal
from .switches import Switches

QUOTED = re.compile(r'\s*((?:W/)?"[^"]*")\s*(?:,|$)')


def check(given: str | None, tag: str, collection: str, switches: Switches) -> None:
    """Refuse a write whose `If-Match` is not the current tag; without one the last write wins.

    The comparison is the strong one: a tag that begins with `W/` never matches.
    """
    if given is None or collection in switches.if_match_ignored:
        return
    if given.strip() == "*" or any(_same(each, tag, switches) for each in _tags(given)):
        return
    raise Refusal(412, "The record has changed since this etag was given")


def _tags(given: str) -> Iterator[str]:
    """Give the tags of a header, each as it stands there; a comma may stand inside the quotes."""
    position = 0
    while position < len(given):
        found = QUOTED.match(given, position)
        if found is None:
            yield from (part.strip() for part in given[position:].split(","))
            return
        yield found[1]
        position = found.end()


def _same(given: str, tag: str, switches: Switches) -> bool:
    if not tag or tag.startswith("W/") or given.startswith("W/"):
        return False
    if given.startswith('"') or switches.if_match_needs_quotes:
        return given == tag
    return given == tag.strip('"')
