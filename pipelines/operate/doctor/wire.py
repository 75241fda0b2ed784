"""Questions that are the same for both products: stamps, entity tags, page tokens."""

import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pendulum

from .answers import NOT_MODIFIED, OK, Asker, Observed, Parameters, Reply, UnsettledError

_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(?P<part>\d+))?(?P<offset>\D.*)?")


def stamp_forms(rows: Iterable[dict[str, Any]]) -> Observed:
    """Say how moments are written: their offsets, and how many digits after the second."""
    stamps = [row["updated_at"] for row in rows if isinstance(row.get("updated_at"), str)]
    found = [_STAMP.fullmatch(stamp) for stamp in stamps]
    if not stamps or None in found:
        message = "no stamp, or one of an unknown form"
        raise UnsettledError(message)
    matches = [match for match in found if match]
    return {
        "offsets": sorted({match["offset"] or "none" for match in matches}),
        "digits_after_the_second": sorted({len(match["part"] or "") for match in matches}),
    }


def inclusive(asker: Asker, path: str, row: dict[str, Any], *params: tuple[str, str]) -> Observed:
    """Ask for one record by id and by its own stamp: is a change at that very moment shown?"""
    one = ("ids[]", str(row["id"]))
    stamp = str(row["updated_at"])
    before = pendulum.parse(stamp)
    if not isinstance(before, pendulum.DateTime):
        message = "the stamp of the record is no moment"
        raise UnsettledError(message)
    earlier = before.subtract(seconds=2).to_iso8601_string()
    found = [
        _shows(asker, path, row, *params, one, ("updated_since", at)) for at in (earlier, stamp)
    ]
    if not found[0]:
        message = "ids[] and updated_since together do not show the record"
        raise UnsettledError(message)
    return "inclusive" if found[1] else "exclusive"


def _shows(asker: Asker, path: str, row: dict[str, Any], *params: tuple[str, str]) -> bool:
    reply = asker.ask(path, *params)
    if reply.status != OK:
        message = f"it was answered with {reply.status}"
        raise UnsettledError(message)
    return any(shown.get("id") == row["id"] for shown in reply.rows)


def tag_form(tag: object) -> str:
    """Say how an entity tag is written, without the tag."""
    if not isinstance(tag, str) or not tag:
        return "absent"
    quoted = tag.removeprefix("W/").startswith('"') and tag.endswith('"')
    return f"{'weak' if tag.startswith('W/') else 'strong'}, {'quoted' if quoted else 'not quoted'}"


def conditional(asker: Asker, path: str, *params: tuple[str, str]) -> Observed:
    """Ask for a record again, unless it changed: by its tag, by a wrong one, by its date."""
    first = asker.ask(path, *params)
    tag, changed = first.raw.headers.get("etag", ""), first.raw.headers.get("last-modified", "")
    if first.status != OK:
        message = f"the record was answered with {first.status}"
        raise UnsettledError(message)
    seen: dict[str, Any] = {"etag": tag_form(tag), "last_modified": bool(changed)}
    if tag:
        seen["if_none_match"] = asker.ask(path, *params, if_none_match=tag).status
        wrong = asker.ask(path, *params, if_none_match='"0000"').status
        seen["if_none_match_other"] = wrong
    if changed:
        seen["if_modified_since"] = asker.ask(path, *params, if_modified_since=changed).status
    seen["not_modified_works"] = seen.get("if_none_match") == NOT_MODIFIED
    return seen


def token_life(asker: Asker, path: str, params: Parameters, first: Reply) -> Observed:
    """Use a page token twice, some seconds apart."""
    if not first.token:
        message = f"{path} has one page alone"
        raise UnsettledError(message)
    sent = [*params, ("page_token", first.token)]
    at_once = asker.ask(path, *sent)
    waited = asker.pause()
    later = asker.ask(path, *sent)
    same = [row.get("id") for row in at_once.rows] == [row.get("id") for row in later.rows]
    return {
        "at_once": at_once.status,
        f"after_{waited:.0f}_seconds": later.status,
        "same_records": same,
    }


def link_form(reply: Reply, asked: Sequence[str]) -> Observed:
    """Say where the link to the next page stands, and which parameters it carries."""
    if not reply.next:
        message = "the list has one page alone"
        raise UnsettledError(message)
    parts = urlsplit(reply.next)
    carried = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)})
    return {
        "host": parts.hostname or "none",
        "path": parts.path,
        "parameters": carried,
        "carries_all_filters": set(asked) <= set(carried),
    }


def last_page(reply: Reply) -> Observed:
    """Say how a page tells that it is the last."""
    meta = reply.document.get("meta")
    if reply.next:
        message = "the list has more than one page"
        raise UnsettledError(message)
    if not isinstance(meta, dict):
        return "no meta"
    if not isinstance(meta.get("paging"), dict):
        return "no paging in meta"
    return "next is null" if "next" in reply.paging else "next is absent"
