"""What the headers of a request say, and those that every answer has."""

from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase

from starlette.requests import Request
from starlette.responses import Response

from . import values
from .store import Row, moment
from .switches import Switches


def bearer(request: Request) -> str:
    """Give the access token that a request came with, empty where there is none."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def unchanged(request: Request, tag: str, row: Row) -> bool:
    """Tell whether the caller's copy is the current one."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tag in {each.strip().removeprefix("W/") for each in tags.split(",")}
    since = request.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        known = parsedate_to_datetime(since).timestamp()
    except ValueError:
        return False
    return moment(row.get("updated_at")) // values.SECOND <= known


def standard(response: Response, path: str, now: int, switches: Switches) -> None:
    """Set what stands in every answer: its moment, and how long its path will last."""
    offset = round(_offset(switches) * values.SECOND)
    response.headers.setdefault("Date", values.http_date(now + offset))
    for pattern, sunset in switches.deprecation.items():
        if fnmatchcase(path, pattern):
            response.headers["Deprecation"] = "true"
            if sunset:
                response.headers["Sunset"] = sunset


def _offset(switches: Switches) -> float:
    """Give the seconds by which the next `Date` is off, and count it."""
    if not switches.date_offset or switches.date_answers == 0:
        return 0.0
    if switches.date_answers is not None:
        switches.date_answers -= 1
    return switches.date_offset
