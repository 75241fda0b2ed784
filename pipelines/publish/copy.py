"""`clio-sync copy`: raw tables and marts in another database, by a dlt pipeline of its own.

Each schema becomes one of the same name there. What was copied is kept in the destination, with
the rows, so that a copy that was interrupted goes on from what is really there.
"""

import ipaddress
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import dlt
from dlt.common.configuration.exceptions import ConfigFieldMissingException
from dlt.common.configuration.resolve import resolve_configuration
from dlt.common.exceptions import MissingDependencyException
from dlt.common.libs.pyarrow import py_arrow_to_table_schema_columns
from dlt.extract import DltResource
from dlt.pipeline.exceptions import PipelineStepFailed

from pipelines.config import PRODUCTS
from pipelines.errors import cause, origin
from pipelines.outcome import Outcome, table
from pipelines.state import builds
from pipelines.transform.run import ModelContext
from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import read_catalog

from .errors import CopyFailedError, DestinationError
from .snapshot import publishable

DESTINATIONS = ("postgres",)
ENGINE = {
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "LOAD__TRUNCATE_STAGING_DATASET": "true",
    "RESTORE_FROM_DESTINATION": "true",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
}
VERIFIED = "verify-full"
"""How PostgreSQL's driver proves which machine answers."""
LOAD_ID = "_dlt_load_id"
COPIED_ID = "_load_id"
"""What `_dlt_load_id` is called in a copy, where dlt has one of its own."""
MARKED = f"""
select newest || '/' || (select count(*) from {{schema}}._dlt_loads where load_id <= newest)
from (select max({LOAD_ID}) as newest from {{schema}}.{{table}})
"""
"""The names of loads come from the clock. Where it was set back, a later load has an older name."""
LOADS = "select count(*) from {schema}._dlt_loads where load_id <= $1"
BATCH = 10_000
MARK = "mark"
AS_JSON = ("JSON", "STRUCT", "MAP", "UNION")
COLUMNS = """
select column_name, data_type from duckdb_columns()
where database_name = current_database() and schema_name = $1 and table_name = $2
order by column_index
"""


@dataclass(frozen=True)
class Item:
    """A relation that is copied: rows after a mark are merged by key, or all are replaced.

    `mark` is up to where it goes: the newest load and how many loads have a name as old, or the
    build that made it; empty if unknown.
    """

    schema: str
    name: str
    mark: str
    key: tuple[str, ...] = ()

    @property
    def disposition(self) -> Literal["merge", "replace"]:
        """Say how it is written."""
        return "merge" if self.key else "replace"


def run_copy(context: ModelContext, destination: str) -> Outcome:
    """Copy what changed since the last copy.

    Raises:
        DestinationError: there is no such destination, or its driver is not installed.
        NotBuiltError: nothing is built.
        BuiltChecksFailedError: a check failed on what is built.
        CopyFailedError: the destination could not be reached, or refused something.

    """
    if destination not in DESTINATIONS:
        message = f"{destination} is not a destination; there is {', '.join(DESTINATIONS)}"
        raise DestinationError(message)
    outcome = Outcome("copy", context.clock.now(), run_id=uuid4().hex)
    with context.opened("copy") as warehouse, context.reporter:
        items = [*_raw(warehouse), *_marts(warehouse)]
        results: list[dict[str, Any]] = []
        for schema in dict.fromkeys(item.schema for item in items):
            mine = [item for item in items if item.schema == schema]
            results += _copy(context, warehouse, destination, schema, mine)
    outcome.results = results
    rows = [(row["relation"], row["how"], row["rows"]) for row in results if row["rows"]]
    outcome.text = f"{table(('relation', 'how', 'rows'), rows)}\n" if rows else ""
    same = sum(row["how"] == "unchanged" for row in results)
    outcome.text += f"{len(results)} relations, {same} unchanged.\n"
    outcome.finished_at = context.clock.now()
    return outcome


def _raw(warehouse: Warehouse) -> Iterator[Item]:
    """Yield the raw tables: collections by key, and their histories; and what is deleted."""
    for product in PRODUCTS:
        schema, loaded = f"raw_{product}", read_catalog(product).loaded
        for name, columns in warehouse.layout(schema).items():
            if name.startswith("_dlt"):
                continue
            mark = ""
            if LOAD_ID in columns:
                query = MARKED.format(schema=quoted(schema), table=quoted(name))
                mark = warehouse.rows(query)[0][0] or ""
            key = loaded[name].key if name in loaded and mark else ()
            yield Item(schema, name, mark, tuple(key))
    if "tombstones" in warehouse.layout("meta"):
        yield Item("meta", "tombstones", "")


def _marts(warehouse: Warehouse) -> Iterator[Item]:
    """Yield what is published: a table changes with the build that made it, a view with any."""
    built = builds.built_models(warehouse)
    for relation in publishable(warehouse):
        schema, _, name = relation.partition(".")
        model = built[relation]
        yield Item(schema, name, "" if model.kind == "view" else model.run_id)


def _copy(
    context: ModelContext, warehouse: Warehouse, destination: str, schema: str, items: list[Item]
) -> list[dict[str, Any]]:
    """Copy one schema in one package; give a result for each of its relations."""
    with _pipeline(context.settings.data_dir, destination, schema) as pipeline:
        pipeline.sync_destination()
        source_state: Mapping[str, Any] = pipeline.state.get("sources", {}).get(schema, {})
        resources = source_state.get("resources", {})
        marks = {name: state.get(MARK, "") for name, state in resources.items()}
        due = [item for item in items if not item.mark or marks.get(item.name) != item.mark]
        counts = dict.fromkeys((item.name for item in due), 0)
        if due:

            @dlt.source(name=schema, max_table_nesting=0)
            def source() -> list[Any]:
                return [
                    _resource(warehouse, item, _after(warehouse, item, marks), counts)
                    for item in due
                ]

            pipeline.extract(source(), loader_file_format="insert_values")
            pipeline.normalize()
            pipeline.load(raise_on_failed_jobs=True)
    context.reporter.note(f"{schema}: {sum(counts.values()):,} rows copied")
    return [
        {
            "relation": f"{item.schema}.{item.name}",
            "how": item.disposition if item in due else "unchanged",
            "rows": counts.get(item.name, 0),
        }
        for item in items
    ]


def _after(warehouse: Warehouse, item: Item, marks: Mapping[str, str]) -> str:
    """Return the load after which rows are to be copied; empty for all rows.

    All of them where a load came since whose name is older than the newest that was copied.
    """
    newest, _, count = marks.get(item.name, "").partition("/")
    if not item.key or not count:
        return ""
    found = warehouse.rows(LOADS.format(schema=quoted(item.schema)), [newest])
    return newest if found == [(int(count),)] else ""


def _resource(warehouse: Warehouse, item: Item, after: str, counts: dict[str, int]) -> DltResource:
    """Yield the rows of a relation that are to be copied, as a resource of dlt.

    As Python objects: out of Arrow tables dlt makes CSV, in which an empty text becomes null.
    """
    query, bound = _query(warehouse, item), [after] if item.key else []
    cursor: Any = warehouse.cursor()
    empty = cursor.execute(f"{query} limit 0", bound).to_arrow_table()

    def rows() -> Iterator[list[dict[str, Any]]]:
        for batch in cursor.execute(query, bound).to_arrow_reader(BATCH):
            counts[item.name] += batch.num_rows
            yield batch.to_pylist()
        cursor.close()
        dlt.current.resource_state()[MARK] = item.mark

    hints: dict[str, Any] = {"columns": py_arrow_to_table_schema_columns(empty.schema)}
    if item.key:
        hints["primary_key"] = item.key
    return dlt.resource(rows, name=item.name, write_disposition=item.disposition, **hints)


def _query(warehouse: Warehouse, item: Item) -> str:
    columns = warehouse.rows(COLUMNS, [item.schema, item.name])
    chosen = ", ".join(_column(name, kind) for name, kind in columns)
    query = f"select {chosen} from {quoted(item.schema)}.{quoted(item.name)}"
    return f"{query} where {LOAD_ID} > $1" if item.key else query


def _column(name: str, kind: str) -> str:
    """Write a column so that any database can take it: what is nested as the text of JSON."""
    if name == LOAD_ID:
        return f"{LOAD_ID} as {COPIED_ID}"
    if kind.startswith(AS_JSON) or kind.endswith("[]"):
        return f"to_json({quoted(name)})::varchar as {quoted(name)}"
    if kind.startswith("ENUM"):
        return f"{quoted(name)}::varchar as {quoted(name)}"
    return quoted(name)


@contextmanager
def _pipeline(data: Path, destination: str, schema: str) -> Iterator[dlt.Pipeline]:
    """Return the pipeline of a schema, with a working folder that is gone afterwards."""
    os.environ.update(ENGINE)
    folder = data / "copy"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        _demand_verified()
        yield dlt.pipeline(
            pipeline_name=f"copy_{schema}",
            pipelines_dir=str(folder),
            destination=destination,
            dataset_name=schema,
        )
    except (MissingDependencyException, PipelineStepFailed) as failed:
        raise _told(failed, destination, schema) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _demand_verified() -> None:
    """Demand that another machine proves who it is, and that nobody can read on the way.

    Raises:
        DestinationError: the address asks for less.

    """
    # loaded only here: it needs the driver
    from dlt.destinations.impl.postgres.configuration import (  # noqa: PLC0415 - needs the driver
        PostgresCredentials,
    )

    sections = ("destination", "postgres", "credentials")
    try:
        found = resolve_configuration(PostgresCredentials(), sections=sections)
    except ConfigFieldMissingException:
        return  # the pipeline itself says what is missing
    asked = str((found.query or {}).get("sslmode") or "")
    if _is_here(str(found.host)) or asked == VERIFIED:
        return
    if asked:
        message = f"sslmode={asked} does not prove which machine answers; use sslmode={VERIFIED}"
        raise DestinationError(message)
    os.environ["PGSSLMODE"] = VERIFIED


def _is_here(host: str) -> bool:
    """Return whether a host is this machine: a loopback address, or a socket's folder."""
    if host.startswith("/") or host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _told(failed: Exception, destination: str, schema: str) -> BaseException:
    """Say what failed without dlt's own words, which quote rows and passwords."""
    first = cause(failed)
    if isinstance(first, KeyboardInterrupt):
        return KeyboardInterrupt()
    missing = failed if isinstance(failed, MissingDependencyException) else first
    if isinstance(missing, MissingDependencyException | ModuleNotFoundError):
        return DestinationError(f"the driver of {destination} is not installed")
    if isinstance(first, ConfigFieldMissingException):
        return DestinationError(f"the address of {destination} is not set, or lacks a part")
    return CopyFailedError(f"{schema} could not be copied ({origin(failed)})")
