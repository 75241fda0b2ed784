"""Grow's page tokens, and the links that hold them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import orjson
from starlette.datastructures import URL

from .errors import Refusal
from .paging import Cursor
from .switches import Switches

FOREIGN = "https://grow.clio.com/api/v2"
"""The base on which the reference's example of a next link stands."""


@dataclass(frozen=True)
class Token:
    """Where a page of one list begins; `filters` are those of the walk, if it carries them."""

    path: str
    cursor: Cursor
    filters: Mapping[str, list[str]]

    def write(self) -> str:
        """Give the token as opaque text."""
        cursor = self.cursor
        parts = [self.path, cursor.kind, cursor.value, cursor.page, dict(self.filters)]
        return urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def read(text: str, path: str) -> Token:
    """Read the page token of a list."""
    try:
        made_for, kind, value, page, filters = orjson.loads(
            urlsafe_b64decode(text + "=" * (-len(text) % 4))
        )
        token = Token(str(made_for), Cursor(str(kind), int(value), int(page)), dict(filters))
    except (ValueError, TypeError, Base64Error) as error:
        raise Refusal(400, "page_token is invalid") from error
    if token.path != path or token.cursor.kind not in {"after", "before"}:
        raise Refusal(400, "page_token is invalid")
    return token


def link(
    url: URL, path: str, cursor: Cursor, filters: Mapping[str, list[str]], switches: Switches
) -> str:
    """Give the address of a neighbouring page, on the base and with the filters of the switches."""
    where = switches.grow_next_filters
    token = Token(path, cursor, filters if where == "token" else {})
    pieces = [(name, value) for name, given in filters.items() for value in given]
    query = [*(pieces if where == "link" else ()), ("page_token", token.write())]
    return f"{_base(url, switches)}/{path}?{urlencode(query)}"


def _base(url: URL, switches: Switches) -> str:
    own = f"{url.scheme}://{url.netloc}/grow"
    bases = {"server": own, "server_plus_v2": f"{own}/v2", "grow_host_api_v2": FOREIGN}
    return bases[switches.grow_next_base]
