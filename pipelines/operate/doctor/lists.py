"""Checks with one request for each collection: may it be read, and does it show everything.

And whether what Clio refused is there, or taken, again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pendulum

from pipelines.load.planning import Rules, catalog_hash, child_plan
from pipelines.outcome import named
from pipelines.state.refusals import Refusals
from sources.clio_http.catalog import Collection, Redaction
from sources.clio_http.paging import fetch
from sources.clio_http.plan import LIMIT, ORDER, SINCE, List, lists_of, stamp
from sources.clio_http.statuses import login
from sources.errors import (
    ClioError,
    FieldsRefusedError,
    Interrupted,
    MissingScopeError,
    SignInNeededError,
    UnavailableError,
)

from .line import FAIL, NOTE, OK, WARN, DoctorLine
from .sign_in import ProductSession
from .stored import SEE_ALL

PATIENCE = 3
"""Collections without an answer, one after the other, after which nothing more is asked."""
FIELD, PARAMETER = "field", "parameter"


@dataclass
class ListsSeen:
    """What the answers showed, by collection; `ids` has the id of one record of each."""

    asked: int = 0
    missing: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    hidden: dict[str, int] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)


def lines_of(session: ProductSession) -> Iterator[DoctorLine]:
    """Ask for one page of each collection that is loaded.

    Raises:
        SignInNeededError: Clio no longer accepts the token.
        Interrupted: the run is to stop.

    """
    before = session.client.requests
    collections = wanted(session)
    session.reporter.note(f"asking for {len(collections)} collections of {session.source} once")
    seen = _ask(session, collections)
    yield replace(scopes(session, seen), requests=session.client.requests - before)
    yield answered(seen)
    yield hidden_now(seen)


def wanted(session: ProductSession) -> list[Collection]:
    """Return the collections that are loaded, those with a parent last.

    A list that is loaded in two ways is asked for once.
    """
    known, off = session.product.catalog, session.product.off
    every = [c for c in {**known.collections, **known.singletons}.values() if c.loaded]
    kept = [c for c in every if c.name not in off and c.path != session.product.clock_path]
    return sorted(kept, key=lambda c: c.parent is not None)


def _ask(session: ProductSession, collections: Sequence[Collection]) -> ListsSeen:
    seen, unavailable = ListsSeen(), 0
    now = session.client.server_time or session.clock.now()
    for collection in collections:
        one = _list(collection, seen.ids, now)
        if one is None or unavailable >= PATIENCE:
            seen.skipped.append(collection.name)
            continue
        seen.asked += 1
        try:
            rows = _rows(session, collection, one)
        except (SignInNeededError, Interrupted):
            raise
        except MissingScopeError as error:
            told = str(error.of(collection.scope))
            seen.missing[collection.name] = told.partition(": ")[2] or "Clio names no permission"
        except ClioError as error:
            unavailable = unavailable + 1 if isinstance(error, UnavailableError) else 0
            seen.failed[collection.name] = str(error)
        else:
            unavailable = 0
            if rows and isinstance(rows[0].get("id"), int):
                seen.ids[collection.name] = rows[0]["id"]
            if collection.redaction is not None:
                hides = [is_hiding(row, collection.redaction) for row in rows]
                seen.hidden[collection.name] = sum(hides)
    return seen


def _list(collection: Collection, ids: Mapping[str, int], now: pendulum.DateTime) -> List | None:
    """Return the list to ask for: of a child collection that of one parent, if one is known."""
    if collection.parent is None:
        return lists_of(collection, now)[0]
    key = ids.get(collection.parent.resource)
    return None if key is None else child_plan(collection, [key], Rules(), now).lists[0]


def _rows(session: ProductSession, collection: Collection, one: List) -> list[dict[str, Any]]:
    parameters = [*narrow(collection), *one.parameters]
    if collection.name in session.product.catalog.singletons:
        record = orjson.loads(session.client.get(one.path, parameters).body)
        return [record["data"]] if isinstance(record.get("data"), dict) else []
    page = fetch(session.client, one.path, parameters, "")
    return [row for row in orjson.loads(page.body)["data"] if isinstance(row, dict)]


def narrow(collection: Collection, *fields: str) -> list[tuple[str, str]]:
    """Ask for one record with its key and `fields` alone, where a list takes such wishes.

    Where values may be hidden, ask for a page, and for what tells of that.
    """
    if not collection.narrows:
        return []
    flag = collection.redaction.flag if collection.redaction else ""
    names = {*collection.key, flag, *fields}
    chosen = [
        item.request
        for item in collection.fields
        if item.name in names or names & {column.name for column in item.columns}
    ]
    size = collection.page_size if flag else 1
    some = [("limit", str(size))] if collection.page_size > 1 else []
    # without it some lists are in another order, and their pages are not to be had by a token
    some += [(ORDER, collection.order)] if collection.order else []
    return [("fields", ",".join(chosen)), *some]


def is_hiding(record: Mapping[str, Any], redaction: Redaction) -> bool:
    """Tell whether Clio hides a value of a record, as it was received."""
    if record.get(redaction.flag) is True or record.get(redaction.listed_in):
        return True
    return any(name in record and record[name] is None for name in redaction.when_null)


def scopes(session: ProductSession, seen: ListsSeen) -> DoctorLine:
    """Say which collections may not be read."""
    if not seen.missing:
        return DoctorLine("scopes", OK, f"none of {seen.asked} collections is refused")
    told = [f"{name} ({why})" for name, why in sorted(seen.missing.items())]
    what = f"{len(told)} of {seen.asked} collections may not be read: {named(told, len(told))}"
    fix = (
        f"Add the permission to the application in Clio, then {login(session.source)}; or name"
        f" the collections in sources.{session.source}.off"
    )
    return DoctorLine("scopes", FAIL, what, fix)


def answered(seen: ListsSeen) -> DoctorLine:
    """Say which collections did not answer, and which could not be asked for."""
    if seen.failed:
        told = [f"{name} ({why})" for name, why in sorted(seen.failed.items())]
        what = f"{len(told)} of {seen.asked} collections gave no list: {named(told)}"
        return DoctorLine("collections", FAIL, what, "clio-sync doctor, again later")
    if seen.skipped:
        what = f"no record is known whose lists could be asked for: {named(seen.skipped)}"
        return DoctorLine("collections", NOTE, what)
    return DoctorLine("collections", OK, f"{seen.asked - len(seen.missing)} collections answer")


def hidden_now(seen: ListsSeen) -> DoctorLine:
    """Say whether the pages that were read hide values."""
    told = [f"{count:,} {name}" for name, count in seen.hidden.items() if count]
    if told:
        what = f"on the first page Clio hides values of {named(told)}"
        return DoctorLine("hidden_now", FAIL, what, SEE_ALL)
    if not seen.hidden:
        return DoctorLine("hidden_now", NOTE, "no list that can hide values was read")
    what = f"nothing is hidden on the first page of {named(list(seen.hidden))}"
    return DoctorLine("hidden_now", OK, what)


def refused_line(session: ProductSession, kind: str, refused: Refusals) -> DoctorLine:
    """Ask once more for each field, or with each parameter, that Clio refused.

    It raises as `lines_of` does.
    """
    before, ask = session.client.requests, _given if kind == FIELD else _taken
    loaded = session.product.catalog.loaded
    waiting = {
        name: names
        for (name, digest), names in refused.items()
        if name in loaded and digest == catalog_hash(loaded[name]) and not loaded[name].parent
    }
    back, still = [], []
    for name, names in sorted(waiting.items()):
        found = ask(session, loaded[name], names)
        back += [f"{name}.{one}" for one in sorted(found)]
        still += [f"{name}.{one}" for one in sorted(names - found)]
    check, sent = f"refused_{kind}s", session.client.requests - before
    if back:
        resources = sorted({name.partition(".")[0] for name in back})
        options = " ".join(f"--resource {name}" for name in resources)
        what = f"Clio {'gives' if kind == FIELD else 'takes'} {named(back)} again"
        return DoctorLine(check, WARN, what, f"clio-sync load --full {options}", requests=sent)
    if still:
        return DoctorLine(check, NOTE, f"Clio still refuses {named(still)}", requests=sent)
    return DoctorLine(check, OK, f"Clio refuses no {kind}", requests=sent)


def _taken(session: ProductSession, collection: Collection, names: Iterable[str]) -> frozenset[str]:
    """Return those of some parameters that Clio takes, asked with one at a time."""
    return frozenset(name for name in names if _takes(session, collection, name))


def _takes(session: ProductSession, collection: Collection, name: str) -> bool:
    parameter, _, value = name.partition("=")
    with_it = [v for v in collection.variants if parameter in v and v[parameter].endswith(value)]
    given = {**dict(narrow(collection)), **(with_it or collection.variants)[0]}
    if parameter == ORDER:
        given[ORDER] = collection.order
    elif parameter == SINCE:
        given[SINCE] = stamp(session.clock.now())
    elif parameter == LIMIT:
        given[LIMIT] = value
    try:
        fetch(session.client, collection.path, list(given.items()), "")
    except (SignInNeededError, Interrupted):
        raise
    except ClioError:
        return False
    return True


def _given(
    session: ProductSession, collection: Collection, fields: Iterable[str]
) -> frozenset[str]:
    """Return those of some fields that Clio gives.

    It may name those that it refuses one at a time, so it is asked until it refuses none.
    """
    left = frozenset(fields)
    (one, *_) = lists_of(collection, session.clock.now())
    while left:
        asked = [*_request(collection, left), *one.parameters]
        try:
            fetch(session.client, one.path, asked, "")
        except FieldsRefusedError as error:
            fewer = left - frozenset(error.fields)
            left = fewer if fewer < left else frozenset()
        except (SignInNeededError, Interrupted):
            raise
        except ClioError:
            return frozenset()
        else:
            return left
    return left


def _request(collection: Collection, names: frozenset[str]) -> list[tuple[str, str]]:
    """Ask for one record with the key and some fields, `note` or `client.name`."""
    tops = {name for name in names if "." not in name}
    inner: dict[str, list[str]] = {}
    for name in sorted(names - tops):
        top, _, sub = name.partition(".")
        if top not in tops:
            inner.setdefault(top, []).append(sub)
    chosen = dict(narrow(collection, *tops))
    chosen["fields"] = ",".join(
        [chosen["fields"], *(f"{top}{{{','.join(subs)}}}" for top, subs in inner.items())]
    )
    return list(chosen.items())
