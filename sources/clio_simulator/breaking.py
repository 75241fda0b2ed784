"""Answers that do not come: records that break their pages, pages too heavy, lists that hang."""

from asyncio import CancelledError
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response

from .errors import JSON_TYPE, error_body
from .filters import Given
from .store import Row
from .switches import Switches
from .wire import TRANSPORT

GIVEN_UP = 499
"""The status in the log for a request whose caller went away; nobody gets it."""

GATEWAY = "<html><head><title>504 Gateway Time-out</title></head></html>"


def heavy(collection: str, limit: int, switches: Switches) -> Response | None:
    """Answer in the place of a page that is too heavy, None where it is not."""
    most = switches.heavy_above.get(collection)
    return _gateway() if most is not None and limit > most else None


def poisoned(
    collection: str, rows: Iterable[Row], given: Given, switches: Switches
) -> Response | None:
    """Answer in the place of a page or record that a poisoned record breaks, None for none."""
    bad = switches.poison.get(collection)
    nested = "{" in given.get("fields", [""])[0]
    if not bad or (switches.poison_only_nested and not nested):
        return None
    if not any(int(row["id"]) in bad for row in rows):
        return None
    if switches.poison_as == "504":
        return _gateway()
    if switches.poison_as == "unreadable":
        return Response(b'{"data":[{"id":', 200, {"Content-Type": JSON_TYPE})
    body = error_body("InternalServerError", "Something went wrong")
    return Response(body, 500, {"Content-Type": JSON_TYPE})


def _gateway() -> Response:
    return Response(GATEWAY, 504, media_type="text/html")


def hangs(collection: str, switches: Switches) -> bool:
    """Tell whether a list is never answered."""
    return switches.hang if isinstance(switches.hang, bool) else collection in switches.hang


async def until_given_up(request: Request) -> Response:
    """Wait until the caller goes away; cut it off when the simulator stops."""
    try:
        while (await request.receive())["type"] != "http.disconnect":
            pass
    except CancelledError:
        request.scope["extensions"][TRANSPORT].abort()
        raise
    return Response(b"", GIVEN_UP)
