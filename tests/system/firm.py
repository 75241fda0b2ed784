"""Loads and sweeps of a running simulator, and the warehouse held against what the server has."""

import datetime as dt
import io
import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pendulum

from pipelines.config import Settings, SourceSettings
from pipelines.context import Context
from pipelines.load.command import run_load
from pipelines.load.planning import Choice
from pipelines.outcome import Outcome
from pipelines.progress import Lines
from pipelines.sweep.command import run_sweep
from sources.clio_http.catalog import Catalog, Collection, Column, read_catalog
from sources.clio_http.clock import Boot, SystemClock
from sources.clio_http.secret import Secret
from sources.clio_simulator import Simulator

CATALOG: Catalog = read_catalog("clio_manage")
RAW = "raw_clio_manage"
Rows = dict[tuple[Any, ...], dict[str, Any]]


class QuickClock(SystemClock):
    """The machine's clock, on which every wait is over at once.

    What a thread slept passes for that thread alone: another one's request, which is under way
    meanwhile, must not be late because of it.
    """

    def __init__(self, stop: threading.Event | None = None) -> None:
        """Begin with nothing slept."""
        super().__init__(stop)
        self.slept: list[float] = []
        self._own = threading.local()

    def monotonic(self) -> float:
        """Return real seconds and those that this thread slept."""
        return super().monotonic() + getattr(self._own, "slept", 0.0)

    def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.slept.append(max(0.0, seconds))
        self._own.slept = getattr(self._own, "slept", 0.0) + max(0.0, seconds)


class FirmClock(QuickClock):
    """A clock of a machine on which as much time passes as at a simulated Clio."""

    def __init__(self, clio: Simulator, stop: threading.Event | None = None) -> None:
        """Run with a simulator."""
        super().__init__(stop)
        self.clio = clio

    def boot(self) -> Boot | None:
        """Return the simulator's time, as if the machine had been started with the other epoch."""
        return Boot("simulated", self.clio.clock.now() / 1000)


class PageClock(FirmClock):
    """A clock on which every request takes a minute, so that each page is a package."""

    def __init__(self, clio: Simulator) -> None:
        """Count the requests of a simulator."""
        super().__init__(clio)

    def monotonic(self) -> float:
        """Return a minute for each request."""
        return super().monotonic() + 61.0 * len(self.clio.requests)


def chosen(*resources: str, **choice: Any) -> Choice:
    """Return what is asked for: some collections, or all that are due."""
    return Choice(frozenset(resources), **choice)


@dataclass
class Firm:
    """A firm's Clio, and the data folder that it is loaded into."""

    clio: Simulator
    folder: Path
    options: dict[str, Any] = field(default_factory=dict)
    log: io.StringIO = field(default_factory=io.StringIO)
    first_requests: int = 0

    @property
    def settings(self) -> Settings:
        """Return the settings of a load of this firm."""
        given = {"base_url": self.clio.url, "access_token": Secret(self.clio.token), **self.options}
        sources = {"clio_manage": SourceSettings(**given), "clio_grow": SourceSettings()}
        return Settings(self.folder, "tester", sources)

    def load(
        self,
        *resources: str,
        clock: SystemClock | None = None,
        stop: threading.Event | None = None,
        **choice: Any,
    ) -> Outcome:
        """Load some collections, or all that are due."""
        return run_load(self.context(clock, stop), ["clio_manage"], chosen(*resources, **choice))

    def sweep(
        self,
        *resources: str,
        clock: SystemClock | None = None,
        stop: threading.Event | None = None,
        **choice: Any,
    ) -> Outcome:
        """Prove some collections, or all that were loaded."""
        return run_sweep(self.context(clock, stop), ["clio_manage"], chosen(*resources, **choice))

    def context(
        self, clock: SystemClock | None = None, stop: threading.Event | None = None
    ) -> Context:
        """Return what a command works with."""
        return Context(
            self.settings,
            clock or FirmClock(self.clio, stop),
            Lines(self.log),
            stop or threading.Event(),
        )

    @contextmanager
    def opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the warehouse to look into it."""
        with duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            yield connection

    @contextmanager
    def writable(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the warehouse to change it behind the tool's back."""
        with duckdb.connect(str(self.folder / "warehouse.duckdb")) as connection:
            yield connection

    def query(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run a query on the warehouse."""
        with self.opened() as connection:
            return connection.execute(query, list(parameters)).fetchall()

    def stored(self, name: str) -> Rows:
        """Read a raw table by key, the bookkeeping columns left out."""
        with self.opened() as connection:
            return stored_rows(connection, CATALOG.loaded[name])

    def served(self, name: str) -> Rows:
        """Return what the server has of a collection, as the raw table must hold it."""
        return served_rows(self.clio, CATALOG.loaded[name])

    def differences(self, *names: str) -> list[str]:
        """Name each row and column in which the warehouse is not what the server has."""
        return [
            difference
            for name in names
            for difference in compared(name, self.stored(name), self.served(name))
        ]

    def buried(self, name: str) -> set[str]:
        """Return the keys, as text, of the rows that are marked as deleted."""
        query = "select record_id from meta.tombstones where resource = $1 and revived_at is null"
        found = [key for (key,) in self.query(query, name)]
        assert len(set(found)) == len(found), f"{name} has two open tombstones for a row"
        return set(found)

    def live_differences(self, *names: str) -> list[str]:
        """Name what differs once the rows that are marked as deleted are left out."""
        found = []
        for name in names:
            buried, stored = self.buried(name), self.stored(name)
            live = {k: row for k, row in stored.items() if ",".join(map(str, k)) not in buried}
            found += compared(name, live, self.served(name))
        return found

    def certificate(self, name: str) -> dict[str, Any]:
        """Return the last certificate of a collection."""
        with self.opened() as connection:
            query = "from meta.certificates where resource = $1 order by finished_at desc limit 1"
            found = connection.execute(query, [name])
            names = [column[0] for column in found.description or ()]
            rows = found.fetchall()
        assert rows, f"{name} has no certificate"
        return dict(zip(names, rows[0], strict=True))

    def watermark(self, name: str) -> pendulum.DateTime | None:
        """Return the stored watermark of a collection."""
        found = self.query("select watermark from meta.watermarks where resource = $1", name)
        return pendulum.instance(found[0][0]) if found and found[0][0] else None

    def asked(self, name: str) -> list[Any]:
        """Return the list requests that reached the server for a collection."""
        return [asked for asked in self.clio.requests if asked.collection == name]


def stored_rows(connection: duckdb.DuckDBPyConnection, collection: Collection) -> Rows:
    """Read a raw table by key."""
    names = [column.name for column in collection.columns]
    chosen = ", ".join(f'"{name}"' for name in names)
    found = connection.execute(f'select {chosen} from {RAW}."{collection.name}"').fetchall()
    rows = [dict(zip(names, row, strict=True)) for row in found]
    for row in rows:
        for column in collection.columns:
            if column.type == "JSON" and row[column.name] is not None:
                row[column.name] = json.loads(row[column.name])
    keyed = by_key(collection, rows)
    assert len(keyed) == len(rows), f"{collection.name} holds a key twice"
    return keyed


def by_key(collection: Collection, rows: Iterable[dict[str, Any]]) -> Rows:
    """Index rows by key."""
    return {tuple(row[name] for name in collection.key): row for row in rows}


def served_rows(clio: Simulator, collection: Collection) -> Rows:
    """Return a collection as the server has it, hidden rows left out, converted by column."""
    rows = [
        {
            column.name: converted(column, record, collection, constants)
            for column in collection.columns
        }
        for record, constants in records(clio, collection)
    ]
    return by_key(collection, rows)


def records(
    clio: Simulator,
    collection: Collection,
) -> Iterator[tuple[dict[str, Any], Mapping[str, Any]]]:
    """Yield each record as JSON, with what the list that it stands in says of it.

    The records are dumped out of the store; only lists that depend on a parent, a region, a day
    or a filter are asked for over HTTP.
    """
    plain = collection.name in CATALOG.collections and not collection.parent
    if plain and not collection.variant_columns:
        for record in clio.dump(collection.name):
            yield record, {}
        return
    for path, parameters, constants in lists(clio, collection):
        for record in pages(clio, collection, path, parameters):
            yield record, constants


def lists(
    clio: Simulator,
    collection: Collection,
) -> Iterator[tuple[str, Mapping[str, str], Mapping[str, Any]]]:
    """Yield path, parameters and constants of each list of a collection."""
    if collection.parent is None:
        today = dt.date.fromisoformat(clio.clock.moment().to_date_string())
        day = {"day": today} if collection.mode == "daily" else {}
        for variant in collection.variants:
            kept = {name: variant[name] for name in collection.variant_columns}
            yield collection.path, variant, {**day, **kept}
        return
    parent = collection.parent
    for key in clio.store[parent.resource].rows:
        path = collection.path.replace("{" + parent.parameter + "}", str(key))
        parameters = {parent.parameter: str(key)} if path == collection.path else {}
        if "{id}" in collection.path:
            parameters = {"id": str(key)}
        yield path, parameters, {parent.column: key}


def pages(
    clio: Simulator,
    collection: Collection,
    path: str,
    parameters: Mapping[str, str],
) -> Iterator[dict[str, Any]]:
    """Read a list, or a single record, without any of the project's own reading code."""
    fields = {"fields": ",".join(field.request for field in collection.fields)}
    url: str | None = f"{clio.url}/api/v4/{path}.json"
    query: Mapping[str, str] | None = {**fields, **parameters}
    with httpx.Client(headers=dict(clio.headers)) as http:
        while url:
            answer = http.get(url, params=query)
            assert answer.status_code == 200, answer.text
            body = answer.json()
            yield from body["data"] if isinstance(body["data"], list) else [body["data"]]
            url, query = body.get("meta", {}).get("paging", {}).get("next"), None


def converted(
    column: Column,
    record: Mapping[str, Any],
    collection: Collection,
    constants: Mapping[str, Any],
) -> Any:
    """Turn a leaf of JSON into what the raw table must hold of it."""
    if column.name in constants:
        return constants[column.name]
    if column.name in dict(collection.stands_for):
        named = dict(collection.stands_for)[column.name]
        stood_for = next(one for one in collection.columns if one.name == named)
        return converted(stood_for, record, collection, constants) or 0
    value: Any = record
    for name in column.path:
        value = None if value is None else value.get(name)
    if value is None:
        return None
    if column.type == "JSON":
        sub = [item.sub for item in collection.fields if item.name == column.name]
        return [restricted(entry, [name for name, _ in sub[0]] if sub else []) for entry in value]
    return CONVERSIONS[column.type](value)


def restricted(entry: Any, names: Sequence[str]) -> Any:
    """Keep the fields of an array's entry that are asked for, less other records' etags."""
    if not isinstance(entry, dict):
        return entry
    kept = {name: entry[name] for name in names or entry if name in entry}
    return {name: _without_etag(value) for name, value in kept.items()}


def _without_etag(value: Any) -> Any:
    """Drop the copy of another record's etag."""
    if not isinstance(value, dict):
        return value
    return {name: inner for name, inner in value.items() if name != "etag"}


def moment(text: str) -> dt.datetime:
    """Read a timestamp as UTC."""
    read = dt.datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)


def plain(value: object) -> str:
    """Return a scalar as text."""
    return json.dumps(value) if isinstance(value, bool | dict | list) else str(value)


CONVERSIONS: Mapping[str, Any] = {
    "BIGINT": int,
    "BOOLEAN": bool,
    "VARCHAR": plain,
    "DATE": lambda text: dt.date.fromisoformat(text[:10]),
    "TIMESTAMPTZ": moment,
    "DOUBLE": float,
    "DECIMAL": lambda number: Decimal(str(number)),
}


def compared(name: str, stored: Rows, served: Rows) -> list[str]:
    """Name what differs between a raw table and the server."""
    found = [f"{name}: {key} is missing" for key in served.keys() - stored.keys()]
    found += [f"{name}: {key} is not at the server" for key in stored.keys() - served.keys()]
    for key in served.keys() & stored.keys():
        found += [
            f"{name}: {key} {column}: {stored[key][column]!r} is not {value!r}"
            for column, value in served[key].items()
            if not same(stored[key][column], value)
        ]
    return found


def same(stored: object, served: object) -> bool:
    """Compare two values; moments by the instant, arrays by their content."""
    if isinstance(stored, dt.datetime) and isinstance(served, dt.datetime):
        return stored.timestamp() == served.timestamp()
    return type(stored) is type(served) and stored == served
