"""What the headers of a request say."""

from email.utils import parsedate_to_datetime

from starlette.requests import Request

from . import values
from .store import Row, moment


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
