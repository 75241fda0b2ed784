"""What Clio does not document of Grow and an account can show without a change."""

from .answers import (
    OK,
    WRITES,
    Asker,
    Observed,
    Question,
    Reply,
    UnsettledError,
    conditional,
    demand,
    inclusive,
    last_page,
    link_form,
    settled_by,
    stamp_forms,
    tag_form,
    token_life,
)

MOST_IDS = 50
_SINCE = ("created_since", "2000-01-01T00:00:00Z")
_LISTS = ("contacts", "matters")


def _page(asker: Asker) -> tuple[str, Reply]:
    """Return a list of more than one page, or else one that has records."""
    found: list[tuple[str, Reply]] = []
    for path, reply in asker.pages(_LISTS, _SINCE):
        if reply.next:
            return path, reply
        found.append((path, reply))
    return found[0]


def _token(asker: Asker) -> Observed:
    path, first = _page(asker)
    return token_life(asker, path, [_SINCE], first)


def _last(asker: Asker) -> Observed:
    for path in ("users", "locations", "matter_types", *_LISTS):
        reply = asker.ask(path)
        if reply.status == OK and not reply.next:
            return last_page(reply)
    message = "no list has one page alone"
    raise UnsettledError(message)


def _fields(asker: Asker) -> Observed:
    path, page = _page(asker)
    reply = asker.ask(path, ("fields", "id"), _SINCE)
    settled = settled_by(reply.status, "ignored")
    if reply.status != OK or not reply.rows:
        return settled
    return settled if set(reply.rows[0]) == set(page.rows[0]) else "obeyed"


def _limit(asker: Asker) -> Observed:
    path, page = _page(asker)
    demand(len(page.rows) > 1, "the list has one record alone")
    reply = asker.ask(path, ("limit", "1"), _SINCE)
    settled = settled_by(reply.status, "ignored")
    return "obeyed" if reply.status == OK and len(reply.rows) == 1 else settled


def _page_size(asker: Asker) -> Observed:
    _, page = _page(asker)
    demand(page.next, "no list has more than one page")
    return len(page.rows)


def _ids(asker: Asker) -> Observed:
    path, page = _page(asker)
    ids = [("ids[]", str(row["id"])) for row in page.rows[: MOST_IDS + 1]]
    ids += [ids[0]] * (MOST_IDS + 1 - len(ids))
    return settled_by(asker.ask(path, *ids).status, "taken")


def _since(asker: Asker) -> Observed:
    path, page = _page(asker)
    return inclusive(asker, path, page.rows[0])


def _conditional(asker: Asker) -> Observed:
    path, page = _page(asker)
    return conditional(asker, f"{path}/{page.rows[0]['id']}")


def _sources(asker: Asker) -> Observed:
    status = asker.ask("sources").status
    return "may be read with this token's scopes" if status == OK else f"answered with {status}"


def _states(asker: Asker) -> Observed:
    return {
        state or "none": settled_by(
            asker.ask("inbox_leads", *([("state", state)] if state else [])).status, "taken"
        )
        for state in ("", "accepted", "all")
    }


def _version(asker: Asker) -> Observed:
    return "echoed" if "x-api-version" in _page(asker)[1].headers else "not echoed"


def _limits(asker: Asker) -> Observed:
    headers = _page(asker)[1].headers
    return sorted(name for name in headers if "ratelimit" in name) or "none"


QUESTIONS = (
    Question(
        "next_link",
        "Where does the link to the next page stand, with filters?",
        lambda asker: link_form(_page(asker)[1], [_SINCE[0]]),
    ),
    Question("page_token", "Is a page token good twice, and after some seconds?", _token),
    Question("last_page", "How does a page say that it is the last?", _last),
    Question("page_size", "How many records are on a page?", _page_size),
    Question("fields", "Is the parameter fields obeyed?", _fields),
    Question("limit", "Is the parameter limit obeyed?", _limit),
    Question("ids", "What becomes of ids[] with more than 50 ids?", _ids),
    Question("updated_since", "Does updated_since show a change at that very moment?", _since),
    Question(
        "timestamps", "How are moments written?", lambda asker: stamp_forms(_page(asker)[1].rows)
    ),
    Question(
        "etag_of_lists",
        "Do lists bear an etag?",
        lambda asker: tag_form(_page(asker)[1].headers.get("etag")),
    ),
    Question("conditional", "Are etags strong; is 304 answered?", _conditional),
    Question("scope_of_sources", "May sources be read?", _sources),
    Question("lead_states", "Which states of leads may be asked for?", _states),
    Question("api_version", "Is the version of the API echoed?", _version),
    Question("rate_limit", "Which headers tell the rate limit?", _limits),
    Question("note_moves_parent", "Does a note move its parent's stamp?", reason=WRITES),
    Question("accepted_lead", "Can an accepted lead still be read?", reason=WRITES),
    Question("edits_from_manage", "Which edits in Manage reach Grow?", reason=WRITES),
    Question("merged", "Are merged or deleted records still returned?", reason=WRITES),
    Question("body_of_429", "Has a 429 a Retry-After?", reason="the rate limit is kept"),
    Question("v1", "Is v1 still served?", reason="a token is sent to the configured address alone"),
)
"""In the order in which they are asked."""
