"""A Clio on a raw socket that takes only some values of some parameters, and walks of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pendulum

from pipelines.load.planning import Choice, Rules, plan_walk
from pipelines.state.runs import Progress
from sources.clio_http.catalog import read_catalog
from sources.clio_http.client import ClioClient
from sources.clio_http.plan import WalkPlan
from sources.clio_http.walks import Walk
from tests.unit.http_loopback import FakeClock, Loopback, Request, api_error, page, reply, settings

CATALOG = read_catalog("clio_manage")
NOW = pendulum.datetime(2026, 3, 2, 9, 0, 0)

Takes = Callable[[str], bool]


def nothing(_value: str) -> bool:
    """Take no value."""
    return False


@dataclass
class Picky:
    """Refuses parameters whose value is not taken, with `says` about `{name}`."""

    takes: dict[str, Takes]
    rows: list[dict[str, Any]] = field(default_factory=lambda: [{"id": 2}, {"id": 5}])
    status: int = 400
    says: str = "The {name} parameter is not valid for O'Brien & Partners 7741"

    def __call__(self, request: Request, number: int) -> bytes:
        """Answer a request."""
        for name, taken in self.takes.items():
            if name in request.params and not taken(request.params[name]):
                message = self.says.format(name=name)
                return reply(self.status, api_error("ArgumentError", message))
        names = request.params["fields"].replace("{id}", "").split(",")
        return page([dict.fromkeys(names) | row for row in self.rows])


@dataclass(frozen=True)
class Walked:
    """A walk that ended, its rows' ids and the parameters of its requests."""

    walk: Walk
    ids: list[int]
    asked: list[dict[str, str]]


def planned(name: str, *, since: bool = False) -> WalkPlan:
    """Plan a walk of a collection."""
    mark = NOW.subtract(hours=1) if since else None
    progress = Progress("clio_manage", name, watermark=mark)
    plan = plan_walk(CATALOG.loaded[name], progress, Rules(), Choice(), NOW)
    if since:
        return WalkPlan(plan.collection, "incremental", NOW, plan.lists, mark)
    return plan


def walked(script: Callable[[Request, int], bytes], plan: WalkPlan) -> Walked:
    """Walk a plan to its end, good or bad."""
    with Loopback(script) as server, ClioClient(settings(server), FakeClock()) as client:
        walk = Walk(client, plan, FakeClock())
        tables = [reading.table for reading in walk.readings() if reading.table.num_rows]
        ids = [key for table in tables for key in table["id"].to_pylist()]
        return Walked(walk, ids, [request.params for request in server.requests])


def sent(asked: Iterable[dict[str, str]], name: str) -> list[str | None]:
    """Return what each request sent for a parameter."""
    return [params.get(name) for params in asked]
