"""What the tests of the simulator share: a client, and a walk over the pages of a list."""

from collections.abc import Iterator
from typing import Any

import httpx

from sources.clio_simulator import Simulator


def client(clio: Simulator, **headers: str) -> httpx.Client:
    """Return a client with a valid token."""
    return httpx.Client(
        base_url=f"{clio.url}/api/v4/", headers={**clio.headers, **headers}, timeout=5
    )


def pages(http: httpx.Client, path: str, **parameters: str) -> Iterator[dict[str, Any]]:
    """Yield the pages of a list, following `next`."""
    answer = http.get(path, params=parameters)
    while True:
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield page
        if "next" not in page["meta"]["paging"]:
            return
        answer = http.get(page["meta"]["paging"]["next"])


def ids(http: httpx.Client, path: str, **parameters: str) -> list[int]:
    """Return the ids of a whole list."""
    return [row["id"] for page in pages(http, path, **parameters) for row in page["data"]]
