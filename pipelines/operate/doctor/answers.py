"""A question about how Clio behaves, and its answer: facts about the API, never about a record.

At the end stand the questions that are the same for both products.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import orjson
import pendulum

from sources.clio_http.client import ClioClient
from sources.clio_http.clock import Clock
from sources.clio_http.exchange import RawAnswer
from sources.errors import ClioError, Interrupted

Observed: TypeAlias = str | int | bool | list[Any] | dict[str, Any]
Parameters: TypeAlias = Sequence[tuple[str, str]]
OK = 200
WAIT = 5.0
WRITES = "it needs a change, and nothing is changed here"
"""Why some questions are never asked."""
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(?P<part>\d+))?(?P<offset>\D.*)?")


class UnsettledError(Exception):
    """A question that this account cannot settle; the text says why, without a record's content."""


def demand(found: object, reason: str) -> None:
    """Go on only where there is what a question needs.

    Raises:
        UnsettledError: there is not, for this reason.

    """
    if not found:
        raise UnsettledError(reason)


class Reply(RawAnswer):
    """An answer of any status, and what stands in it."""

    @property
    def document(self) -> dict[str, Any]:
        """Return the body; empty if it is no JSON object."""
        try:
            read = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return read if isinstance(read, dict) else {}

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return the records of a list."""
        data = self.document.get("data")
        return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []

    @property
    def record(self) -> dict[str, Any]:
        """Return the one record; empty if there is none."""
        data = self.document.get("data")
        return data if isinstance(data, dict) else {}

    @property
    def paging(self) -> dict[str, Any]:
        """Return what the page says of its neighbours."""
        meta = self.document.get("meta")
        paging = meta.get("paging") if isinstance(meta, dict) else None
        return paging if isinstance(paging, dict) else {}

    @property
    def next(self) -> str:
        """Return the link to the next page, empty if there is none."""
        link = self.paging.get("next")
        return link if isinstance(link, str) else ""

    @property
    def token(self) -> str:
        """Return the page token of that link."""
        return dict(parse_qsl(urlsplit(self.next).query)).get("page_token", "")


@dataclass
class Asker:
    """Asks one product, within its rate limit, and counts."""

    client: ClioClient
    clock: Clock
    known: dict[str, Reply] = field(default_factory=dict)

    def ask(self, path: str, *params: tuple[str, str], **headers: str) -> Reply:
        """Send one request; header names are written with underscores.

        Raises:
            ClioError: there was no whole answer.

        """
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Reply(**vars(self.client.look(path, params, named)))

    def page(self, path: str, *params: tuple[str, str]) -> Reply:
        """Return the answer of a list that is needed by several questions, asked for once.

        Raises:
            UnsettledError: it was refused, or has no records.

        """
        name = f"{path}?{params}"
        reply = self.known[name] = self.known.get(name) or self.ask(path, *params)
        demand(reply.status == OK, f"{path} was answered with {reply.status}")
        demand(reply.rows, f"{path} has no records")
        return reply

    def pages(self, paths: Sequence[str], *params: tuple[str, str]) -> Iterator[tuple[str, Reply]]:
        """Yield those of some lists that have records, asked for one after the other.

        Raises:
            UnsettledError: none has, and why the last one has none.

        """
        found, reason = False, ""
        for path in paths:
            try:
                reply = self.page(path, *params)
            except UnsettledError as unsettled:
                reason = str(unsettled)
                continue
            found = True
            yield path, reply
        demand(found, reason)


@dataclass(frozen=True)
class Question:
    """What is asked, and how; without a way it is never asked, and `reason` says why."""

    name: str
    text: str
    find: Callable[[Asker], Observed] | None = None
    reason: str = ""


@dataclass(frozen=True)
class Finding:
    """What was observed; None where the question could not be settled, and why."""

    product: str
    question: Question
    observed: Observed | None
    reason: str
    requests: int

    def document(self) -> dict[str, Any]:
        """Return the answer as it stands in the report."""
        return {
            "product": self.product,
            "name": self.question.name,
            "question": self.question.text,
            "settled": self.observed is not None,
            "observed": "unknown" if self.observed is None else self.observed,
            "reason": self.reason or None,
            "requests": self.requests,
        }


def answered(product: str, question: Question, asker: Asker) -> Finding:
    """Put one question.

    Raises:
        Interrupted: the run is to stop.

    """
    before = asker.client.requests
    observed, reason = None, question.reason
    if question.find is not None:
        try:
            observed = question.find(asker)
        except UnsettledError as unsettled:
            reason = str(unsettled)
        except Interrupted:
            raise
        except ClioError as error:
            reason = error.code
    return Finding(product, question, observed, reason, asker.client.requests - before)


def settled_by(status: int, accepted: str) -> str:
    """Say what a status means for a request that may be refused."""
    demand(status in {OK, 400, 404, 413, 414, 422}, f"it was answered with {status}")
    return accepted if status == OK else f"refused with {status}"


def stamp_forms(rows: Iterable[dict[str, Any]]) -> Observed:
    """Say how moments are written: their offsets, and how many digits after the second."""
    stamps = [row["updated_at"] for row in rows if isinstance(row.get("updated_at"), str)]
    found = [_STAMP.fullmatch(stamp) for stamp in stamps]
    demand(stamps and None not in found, "no stamp, or one of an unknown form")
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
    found = []
    for at in (before.subtract(seconds=2).to_iso8601_string(), stamp):
        reply = asker.ask(path, *params, one, ("updated_since", at))
        demand(reply.status == OK, f"it was answered with {reply.status}")
        found.append(any(shown.get("id") == row["id"] for shown in reply.rows))
    demand(found[0], "ids[] and updated_since together do not show the record")
    return "inclusive" if found[1] else "exclusive"


def tag_form(tag: object) -> str:
    """Say how an entity tag is written, without the tag."""
    if not isinstance(tag, str) or not tag:
        return "absent"
    quoted = tag.removeprefix("W/").startswith('"') and tag.endswith('"')
    return f"{'weak' if tag.startswith('W/') else 'strong'}, {'quoted' if quoted else 'not quoted'}"


def conditional(asker: Asker, path: str, *params: tuple[str, str]) -> Observed:
    """Ask for a record again, unless it changed: by its tag, by a wrong one, by its date."""
    first = asker.ask(path, *params)
    tag, changed = first.headers.get("etag", ""), first.headers.get("last-modified", "")
    demand(first.status == OK, f"the record was answered with {first.status}")
    seen: dict[str, Any] = {"etag": tag_form(tag), "last_modified": bool(changed)}
    if tag:
        seen["if_none_match"] = asker.ask(path, *params, if_none_match=tag).status
        other = asker.ask(path, *params, if_none_match='"0000"')
        seen["if_none_match_other"] = other.status
    if changed:
        seen["if_modified_since"] = asker.ask(path, *params, if_modified_since=changed).status
    seen["not_modified_works"] = seen.get("if_none_match") == HTTPStatus.NOT_MODIFIED
    return seen


def token_life(asker: Asker, path: str, params: Parameters, first: Reply) -> Observed:
    """Use a page token twice, some seconds apart."""
    demand(first.token, f"{path} has one page alone")
    sent = [*params, ("page_token", first.token)]
    at_once = asker.ask(path, *sent)
    asker.clock.sleep(WAIT)
    later = asker.ask(path, *sent)
    same = [row.get("id") for row in at_once.rows] == [row.get("id") for row in later.rows]
    return {
        "at_once": at_once.status,
        f"after_{WAIT:.0f}_seconds": later.status,
        "same_records": same,
    }


def link_form(reply: Reply, asked: Sequence[str]) -> Observed:
    """Say where the link to the next page stands, and which parameters it carries."""
    demand(reply.next, "the list has one page alone")
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
    demand(not reply.next, "the list has more than one page")
    meta = reply.document.get("meta")
    if not isinstance(meta, dict):
        return "no meta"
    if not isinstance(meta.get("paging"), dict):
        return "no paging in meta"
    return "next is null" if "next" in reply.paging else "next is absent"
