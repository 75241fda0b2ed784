"""`clio-sync publish`: what BI tools read, in files that nobody writes to again.

A generation is a DuckDB file of the marts and the views for BI, as tables, and a Parquet file of
each. It grows under other names, is synced, is named, and counts once the pointer names it: a
crash at any point leaves the generation before, whole.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

from pipelines.errors import StorageError
from pipelines.errors.local import in_words
from pipelines.failpoints import crash_point
from pipelines.files import replace_privately, sync_folder
from pipelines.outcome import Outcome, jsonable, table
from pipelines.release import SCHEMA, release
from pipelines.state import builds, check_results
from pipelines.state.builds import NOT_KNOWN, last_load
from pipelines.state.check_results import undone
from pipelines.state.epoch import META, VERSIONS, migrate
from pipelines.transform.build import demand_built
from pipelines.transform.custom_fields import demand_known, unlisted
from pipelines.transform.errors import BuiltChecksFailedError, NotBuiltError, UndoneBuildError
from pipelines.transform.knowing import WITHOUT_FIGURES
from pipelines.transform.queries import sql_name, sql_text
from pipelines.transform.run import ModelContext
from pipelines.warehouse import PRIVATE, Warehouse, moment
from sources.clio_http.casts import quoted
from sources.errors import ClioError

from .about import ABOUT, COLUMNS, COMMENTS, PROBLEMS, about, lacking, problems
from .errors import NeverReadError, PartialError
from .pointer import (
    HOME,
    PARQUET,
    POINTER,
    SNAPSHOT,
    STABLE,
    Published,
    generations,
    read_published,
)

KEPT = 5
"""So many generations stay."""
STORAGE = "v1.5.0"
"""The format of the file: DuckDB 1.5 and newer read it, and so do the drivers of BI tools."""
PARQUET_FORMAT = "format parquet, compression zstd, compression_level 1"
PARTIAL = ".partial"
READ_ONLY = 0o400
Facts: TypeAlias = dict[str, Any]
"""What the pointer and the snapshot say of a generation."""
SAID = "meta.snapshot"
"""One row inside the file: which generation it is, and from when."""

COMMENTED = """
select schema_name || '.' || table_name, '', comment from duckdb_tables()
where database_name = current_database() and comment is not null
union all
select schema_name || '.' || view_name, '', comment from duckdb_views()
where database_name = current_database() and comment is not null
union all
select schema_name || '.' || table_name, column_name, comment from duckdb_columns()
where database_name = current_database() and comment is not null
"""
VERSION = f"""
select schema_version::integer as version, tool_version as tool,
    published_at::timestamptz::timestamp as "at"
from snapshot.{SAID}
"""


def run_publish(context: ModelContext, *, partial: bool = False) -> Outcome:
    """Publish what is built; with `partial` also where figures of money are empty for good.

    Raises:
        NoWarehouseError: nothing was loaded yet.
        NotBuiltError: nothing is built.
        BuiltChecksFailedError: a check failed on what is built.
        BusyError: another run is at work.
        ConfigurationError: a custom field that is to be published is not there.
        StorageError: there is no room for it; what is published stays.
        NeverReadError: figures of money need what was never read, and `partial` was not asked for.

    """
    outcome = Outcome("publish", context.clock.now(), run_id=uuid4().hex)
    data, listed = context.settings.data_dir, context.settings.published_custom_fields
    with (
        context.opened("publish") as warehouse,
        context.reporter,
        in_words("the snapshot could not be written", str(data)),
    ):
        models = publishable(warehouse)
        lacks = lacking(warehouse)
        if lacks and not (partial or context.settings.publish_partial):
            raise NeverReadError(lacks)
        demand_known(warehouse, listed)
        home = data / HOME
        home.mkdir(mode=PRIVATE, exist_ok=True)
        home.chmod(PRIVATE)
        before = _lacked_before(data)
        facts = _facts(warehouse, outcome) | {"lacking": lacks}
        current = _publish(warehouse, home, models, listed, facts)
    outcome.finished_at = context.clock.now()
    files = {"snapshot": str(home / current.snapshot), "parquet": str(home / current.parquet)}
    outcome.results = [{**vars(current), **files}]
    if lacks:
        _tell_partial(outcome, lacks, before)
    rows = [(model, count) for model, count in current.models.items()]
    outcome.text += (
        f"{table(('model', 'rows'), rows)}\n"
        f"Generation {current.generation} is published: {', '.join(files.values())}.\n"
    )
    return outcome


def _lacked_before(data: Path) -> frozenset[str]:
    """Name what the snapshot before this one lacked."""
    try:
        return frozenset(read_published(data).lacking)
    except ClioError:
        return frozenset()


def _tell_partial(outcome: Outcome, lacks: Sequence[str], before: frozenset[str]) -> None:
    """Say what was never read: as incomplete the first time, afterwards as a warning."""
    error = PartialError(lacks)
    if before.issuperset(lacks):
        outcome.text += f"Warning: {error}. bi.about says since when and why.\n\n"
    else:
        outcome.errors.append(("", error))
        outcome.exit_code = error.exit_code


def publishable(warehouse: Warehouse) -> list[str]:
    """Name the relations that are published, and refuse what no check vouches for."""
    migrate(warehouse)
    failed = [one.check for one in check_results.verdicts(warehouse).values() if one.failed]
    if back := undone(warehouse):
        raise UndoneBuildError(back)
    if failed:
        message = f"{len(failed)} checks failed on what is built, and nothing was published"
        raise BuiltChecksFailedError(message)
    there = warehouse.relations()
    found = sorted(
        name
        for name in builds.built_models(warehouse)
        if name in there and name.partition(".")[0] not in WITHOUT_FIGURES
    )
    if not found:
        raise NotBuiltError
    demand_built(warehouse, found)
    return found


def _facts(warehouse: Warehouse, outcome: Outcome) -> Facts:
    """Return what the pointer says beside names and rows."""
    built = moment(max(model.built_at for model in builds.built_models(warehouse).values()))
    loaded = last_load(warehouse)
    return {
        "schema_version": SCHEMA,
        "tool_version": release(),
        "run_id": outcome.run_id,
        "published_at": str(jsonable(outcome.started_at)),
        "built_at": str(jsonable(built)),
        "last_load_at": str(jsonable(moment(loaded))) if loaded else "",
        "warnings": sum(one.failures > 0 for one in check_results.verdicts(warehouse).values()),
    }


def _publish(
    warehouse: Warehouse,
    home: Path,
    models: list[str],
    listed: Sequence[str],
    facts: dict[str, Any],
) -> Published:
    _remove(home.glob(PARTIAL + "*"))
    generation = max(generations(home), default=0) + 1
    snapshot, parquet = SNAPSHOT.format(generation), PARQUET.format(generation)
    partial, folder = home / (PARTIAL + ".duckdb"), home / (PARTIAL + ".parquet")
    try:
        folder.mkdir(mode=PRIVATE)
        said = {"generation": generation, **facts}
        with _attached(warehouse, partial, f"storage_version '{STORAGE}'"):
            rows = _fill(warehouse, models, listed, said, folder)
        _check(warehouse, partial, rows)
        _seal(partial)
        sync_folder(folder)
        crash_point("snapshot-copied")
        folder.rename(home / parquet)
        partial.rename(home / snapshot)
        sync_folder(home)
    finally:
        _remove(home.glob(PARTIAL + "*"))
    crash_point("snapshot-named")
    built = {name: count for name, count in rows.items() if name in models}
    current = Published(snapshot=snapshot, parquet=parquet, models=built, **said)
    replace_privately(home / POINTER, current.text())
    crash_point("pointer-written")
    _name_stable(home, snapshot)
    _remove(
        path for number in sorted(generations(home))[:-KEPT] for path in generations(home)[number]
    )
    sync_folder(home)
    crash_point("publish-finished")
    return current


@contextmanager
def _attached(warehouse: Warehouse, file: Path, how: str) -> Iterator[None]:
    """Have a file open as the database `snapshot` beside the warehouse."""
    warehouse.rows(f"attach '{file}' as snapshot ({how})")
    try:
        yield
    finally:
        warehouse.rows("detach snapshot")


def _fill(
    warehouse: Warehouse, models: Iterable[str], listed: Sequence[str], said: Facts, folder: Path
) -> dict[str, int]:
    """Make each relation a table of the snapshot, and a Parquet file while the next is made.

    Gives the rows of each file.
    """
    comments = {(name, column): comment for name, column, comment in warehouse.rows(COMMENTED)}
    with ThreadPoolExecutor(1, thread_name_prefix="parquet") as beside:
        exports: dict[str, Future[int]] = {}
        for name in models:
            _copy(warehouse, name, listed, comments)
            exports[name] = beside.submit(_export, warehouse, name, folder)
        for name in (ABOUT, PROBLEMS):
            _tell_about(warehouse, name, said)
            exports[name] = beside.submit(_export, warehouse, name, folder)
        warehouse.rows(f"create schema snapshot.{META}")
        # moments in UTC without a zone: with one, drivers need a further package to read them
        warehouse.rows(
            f"create table {_snapshot(NOT_KNOWN)} as"
            f" select * replace (since::timestamp as since) from {NOT_KNOWN}"
        )
        values = ", ".join(f"${at} as {name}" for at, name in enumerate(said, 1))
        warehouse.rows(f"create table snapshot.{SAID} as select {values}", list(said.values()))
        # in the words of the warehouse, since whoever opens either looks for them there
        warehouse.rows(f"create table {_snapshot(VERSIONS)} as {VERSION}")
        return {name: export.result() for name, export in exports.items()}


def _copy(
    warehouse: Warehouse, name: str, listed: Sequence[str], comments: Mapping[tuple[str, str], str]
) -> None:
    """Make a relation a table of the snapshot, with what is said of it and of its columns.

    A custom field may hold anything, so only those that are listed are published.
    """
    there, (schema, _, table_name) = _snapshot(name), name.partition(".")
    columns = warehouse.columns(schema, table_name)
    left_out = unlisted(name, columns, listed)
    but = f" exclude ({', '.join(map(quoted, left_out))})" if left_out else ""
    warehouse.rows(f"create schema if not exists snapshot.{quoted(schema)}")
    warehouse.rows(f"create table {there} as select *{but} from {sql_name(name)}")
    for column in ["", *columns]:
        if column not in left_out and (name, column) in comments:
            what = f"column {there}.{quoted(column)}" if column else f"table {there}"
            warehouse.rows(f"comment on {what} is {sql_text(comments[name, column])}")


def _tell_about(warehouse: Warehouse, name: str, said: Mapping[str, Any]) -> None:
    """Make one of the tables in which a snapshot speaks of itself, also when it stays empty."""
    there, columns = _snapshot(name), COLUMNS[name]
    rows: Sequence[Sequence[object]] = about(warehouse, said)
    if name == PROBLEMS:
        rows = [tuple(vars(one).values()) for one in problems(warehouse)]
    warehouse.rows("create schema if not exists snapshot.bi")
    listed = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
    warehouse.rows(f"create table {there} ({listed})")
    cells = ", ".join(f"unnest(${at}::{kind}[])" for at, kind in enumerate(columns.values(), 1))
    values = [[row[at] for row in rows] for at in range(len(columns))]
    warehouse.rows(f"insert into {there} select {cells}", values)
    warehouse.rows(f"comment on table {there} is {sql_text(COMMENTS[name])}")


def _export(warehouse: Warehouse, name: str, folder: Path) -> int:
    """Write a table of the snapshot as a Parquet file too, to stay, and count its rows."""
    there, path = _snapshot(name), folder / f"{name}.parquet"
    with closing(warehouse.cursor()) as cursor:
        cursor.execute(f"copy {there} to '{path}' ({PARQUET_FORMAT})")
        ((count,),) = cursor.execute(f"select count(*) from {there}").fetchall()
    _seal(path)
    return int(count)


def _check(warehouse: Warehouse, file: Path, rows: dict[str, int]) -> None:
    """Open the file anew and count: what was written is what is read, all of it in one file."""
    with _attached(warehouse, file, "read_only"):
        for name, expected in rows.items():
            query = f"select count(*) from {_snapshot(name)}"
            if warehouse.rows(query) != [(expected,)]:
                message = f"{name} of the new snapshot does not hold what was written"
                raise StorageError(message)
    if file.with_name(file.name + ".wal").exists():
        message = "the new snapshot could not be written into one file"
        raise StorageError(message)


def _seal(file: Path) -> None:
    """Make a file last, readable by its owner and writable by nobody."""
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fchmod(handle, READ_ONLY)
        os.fsync(handle)
    finally:
        os.close(handle)


def _name_stable(home: Path, snapshot: str) -> None:
    """Return the newest snapshot its second name; whoever has the one before open keeps it."""
    temporary = home / (PARTIAL + ".stable")
    try:
        temporary.hardlink_to(home / snapshot)
    except OSError:  # a file system without links
        shutil.copyfile(home / snapshot, temporary)
        _seal(temporary)
    temporary.replace(home / STABLE)


def _remove(paths: Iterable[Path]) -> None:
    for path in list(paths):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _snapshot(name: str) -> str:
    return f"snapshot.{sql_name(name)}"
