"""What Clio does not document of Manage and an account can show without a change."""

from typing import Any

from .answers import (
    OK,
    WRITES,
    Asker,
    Observed,
    Question,
    Reply,
    conditional,
    demand,
    inclusive,
    link_form,
    settled_by,
    stamp_forms,
    tag_form,
    token_life,
)

MOST = 200
_ORDER = ("order", "id(asc)")
_STAMPED = (("fields", "id,etag,updated_at"), ("limit", str(MOST)), _ORDER)
_FEW = (("fields", "id"), ("limit", "1"), _ORDER)
_STATES = frozenset(
    {"draft", "pending_approval", "awaiting_payment", "paid", "void", "deleted", "pending_void"}
)


def _page(asker: Asker) -> tuple[str, Reply]:
    """Return a list that fills a page, or else the one with the most records."""
    found: list[tuple[str, Reply]] = []
    for path, reply in asker.pages(("activities", "contacts", "matters"), *_STAMPED):
        if len(reply.rows) == MOST:
            return path, reply
        found.append((path, reply))
    return max(found, key=lambda one: len(one[1].rows))


def _since(asker: Asker) -> Observed:
    path, page = _page(asker)
    return inclusive(asker, path, page.rows[0], *_STAMPED)


def _limit(asker: Asker) -> Observed:
    path, page = _page(asker)
    reply = asker.ask(path, ("fields", "id"), ("limit", str(MOST + 1)), _ORDER)
    settled = settled_by(reply.status, "taken")
    if reply.status != OK:
        return settled
    if not page.next:
        return f"{settled}; too few records to tell whether it is cut to {MOST}"
    return f"cut to {MOST}" if len(reply.rows) <= MOST else f"obeyed: {len(reply.rows)} records"


def _ids(asker: Asker) -> Observed:
    path, page = _page(asker)
    rows = list(page.rows)
    if page.token:
        rows += asker.ask(path, *_STAMPED, ("page_token", page.token)).rows[:1]
    demand(len(rows) > MOST, f"no list has more than {MOST} records")
    asked = [("ids[]", str(row["id"])) for row in rows]
    reply = asker.ask(path, ("fields", "id"), ("limit", str(MOST)), _ORDER, *asked)
    settled = settled_by(reply.status, "taken")
    if reply.status != OK:
        return settled
    shown = "the rest is on a further page" if reply.next else "there is no further page"
    return f"{settled}; {len(reply.rows)} of {len(rows)} records, {shown}"


def _bill_states(asker: Asker) -> Observed:
    page = asker.page("bills", ("fields", "id,state"), ("limit", str(MOST)), _ORDER)
    states = {str(row.get("state")) for row in page.rows}
    seen: dict[str, Any] = {"on_the_first_page": sorted(states & _STATES)}
    for state in ("deleted", "void"):
        seen[state] = _listed(asker, "bills", ("state", state))
    return seen


def _trash(asker: Asker) -> Observed:
    wide = (("fields", "id,deleted_at"), ("limit", str(MOST)), ("include_deleted", "true"), _ORDER)
    rows = asker.page("documents", *wide).rows
    gone = [row for row in rows if row.get("deleted_at")]
    demand(gone, "no document on the first page is in the trash")
    return _by_id(asker, "documents", gone[0])


def _listed(asker: Asker, path: str, only: tuple[str, str]) -> str:
    """Say whether a record that a filter shows is shown without the filter too."""
    some = asker.ask(path, ("fields", "id"), ("limit", "1"), only)
    if some.status != OK or not some.rows:
        return "none there" if some.status == OK else f"unknown: {some.status}"
    return _by_id(asker, path, some.rows[0])


def _by_id(asker: Asker, path: str, row: dict[str, Any]) -> str:
    reply = asker.ask(path, ("fields", "id"), ("ids[]", str(row["id"])))
    shown = any(found.get("id") == row["id"] for found in reply.rows)
    return "listed by default" if shown else "not listed by default"


def _record(asker: Asker) -> tuple[str, str]:
    """Return the path of a list with records, and that of its first record."""
    path, page = next(asker.pages(("matters", "contacts", "activities"), *_STAMPED))
    return path, f"{path}/{page.rows[0]['id']}"


def _tags(asker: Asker) -> Observed:
    _, path = _record(asker)
    replies = [
        asker.ask(path, ("fields", fields))
        for fields in ("id,etag", "id,etag,created_at,updated_at")
    ]
    demand(all(reply.status == OK for reply in replies), "the record was refused")
    tags = [reply.record.get("etag") for reply in replies]
    heads = [reply.headers.get("etag") for reply in replies]
    return {
        "in_the_record": tag_form(tags[0]),
        "record_and_header_agree": tags == heads,
        "depends_on_fields": tags[0] != tags[1] or heads[0] != heads[1],
    }


def _conditional(asker: Asker) -> Observed:
    return conditional(asker, _record(asker)[1], ("fields", "id,etag"))


def _token(asker: Asker) -> Observed:
    path, _ = _record(asker)
    return token_life(asker, path, _FEW, asker.page(path, *_FEW))


def _link(asker: Asker) -> Observed:
    path, _ = _record(asker)
    return link_form(asker.page(path, *_FEW), [name for name, _ in _FEW])


def _unknown_parameter(asker: Asker) -> Observed:
    path, _ = _record(asker)
    reply = asker.ask(path, ("fields", "id"), ("limit", "1"), ("no_such_parameter", "1"))
    return settled_by(reply.status, "ignored")


def _records_in_meta(asker: Asker) -> Observed:
    meta = _page(asker)[1].document.get("meta")
    return isinstance(meta, dict) and "records" in meta


def _limits(asker: Asker) -> Observed:
    headers = _page(asker)[1].headers
    limit = headers.get("x-ratelimit-limit", "")
    return {
        "limit": int(limit) if limit.isdecimal() else "absent",
        "headers": sorted(name for name in headers if name.startswith("x-ratelimit")),
    }


QUESTIONS = (
    Question("updated_since", "Does updated_since show a change at that very moment?", _since),
    Question(
        "timestamps", "How are moments written?", lambda asker: stamp_forms(_page(asker)[1].rows)
    ),
    Question("limit", "What becomes of a limit above the maximum?", _limit),
    Question("ids", "What becomes of ids[] with more than 200 ids?", _ids),
    Question("bill_states", "Which states does the list of bills show by default?", _bill_states),
    Question("trash", "Does the list of documents show the trash by default?", _trash),
    Question("etag", "How is an etag written, and does it depend on fields?", _tags),
    Question("conditional", "Is a record that did not change answered with 304?", _conditional),
    Question("page_token", "Is a page token good twice, and after some seconds?", _token),
    Question("next_link", "Where does the link to the next page stand?", _link),
    Question("unknown_parameter", "Is an unknown parameter ignored?", _unknown_parameter),
    Question("records_in_meta", "Does a page say how many records there are?", _records_in_meta),
    Question("rate_limit", "Which headers tell the rate limit, and how high is it now?", _limits),
    Question("child_moves_parent", "Does an edit inside a record move its stamp?", reason=WRITES),
    Question("delete_if_match", "Is If-Match kept on DELETE?", reason=WRITES),
    Question("body_of_412", "What is the body of a 412?", reason=WRITES),
    Question("body_of_429", "What is the body of a 429?", reason="the rate limit is kept"),
    Question("concurrency", "How many requests at once?", reason="the rate limit is kept"),
    Question(
        "404_or_403", "Does 404 hide 403?", reason="it needs a record that this user may not see"
    ),
)
"""In the order in which they are asked."""
