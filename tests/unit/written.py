"""What the tests of the simulator's writing half share: reading a record, writing to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import httpx

from sources.clio_simulator import SimulatedClock, Simulator
from sources.clio_simulator.values import START
from tests.contract.simulator_client import client

WITHOUT = "no If-Match"


@contextmanager
def firm() -> Iterator[tuple[Simulator, httpx.Client]]:
    """Return a small simulator with a standing clock, and a client of it."""
    with (
        Simulator(rate_limit=0, scale=0.2, clock=SimulatedClock(running=False)) as clio,
        client(clio) as http,
    ):
        yield clio, http


@contextmanager
def clean(clio: Simulator) -> Iterator[Simulator]:
    """Return a simulator that a test may misconfigure; faults, switches and waits end with it."""
    switches = deepcopy(vars(clio.switches))
    clio.clock.set(START)
    clio.requests.clear()
    clio.writes.clear()
    yield clio
    vars(clio.switches).update(switches)
    clio.faults.clear()
    clio.changes.waiting.clear()
    clio.world.later.copies.clear()
    clio.world.later.old.clear()


def first(clio: Simulator, collection: str = "matters") -> int:
    """Return the first id of a collection."""
    return next(iter(clio.store[collection].rows))


def read(http: httpx.Client, path: str, fields: str = "id,etag") -> dict[str, Any]:
    """Read one record."""
    answer = http.get(path, params={"fields": fields})
    assert answer.status_code == 200, answer.text
    record: dict[str, Any] = answer.json()["data"]
    return record


def patch(
    http: httpx.Client,
    path: str,
    data: object,
    *,
    if_match: str = WITHOUT,
    fields: str = "id,etag",
    method: str = "PATCH",
) -> httpx.Response:
    """Write to a record, and ask for some fields of it in the answer."""
    headers = {} if if_match == WITHOUT else {"If-Match": if_match}
    body = None if method == "DELETE" else {"data": data}
    return http.request(method, path, json=body, params={"fields": fields}, headers=headers)


def shown(http: httpx.Client, path: str, data: object, fields: str) -> dict[str, Any]:
    """Write to a record and give the fields that were asked for."""
    answer = patch(http, path, data, fields=fields)
    assert answer.status_code == 200, answer.text
    record: dict[str, Any] = answer.json()["data"]
    return record
