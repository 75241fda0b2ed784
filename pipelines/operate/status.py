"""What is in the warehouse, how fresh it is, and how far it is proved."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pendulum

from pipelines.config import PRODUCTS, Settings
from pipelines.errors import NoWarehouseError
from pipelines.errors.remedies import command
from pipelines.folder import read_warehouse
from pipelines.ledger.open_work import waiting
from pipelines.load.products import product
from pipelines.outcome import Outcome, counted, jsonable, table
from pipelines.publish.errors import NotPublishedError, PointerError, StaleError
from pipelines.publish.pointer import Published, read_published
from pipelines.state import certificates, inputs, quarantine, row_history
from pipelines.state.certificates import OK, silent_counts, verdict, worst_lateness
from pipelines.state.check_results import told_undone, undone
from pipelines.state.epoch import last_regression
from pipelines.state.inputs import OFF, parents_read
from pipelines.state.problems import CERTIFICATES, problems
from pipelines.state.row_history import SUFFIX
from pipelines.warehouse import Warehouse, moment
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection, read_catalog
from sources.clio_http.clock import Clock
from sources.errors import ConfigurationError

from .freshness import judged, stale
from .problem_text import how_many, problem_text

HEADER = {
    "resource": "collection",
    "rows": "rows",
    "newest": "newest",
    "last_load": "last load",
    "quarantined": "kept out",
    "state": "state",
    "watermark": "complete up to",
    "deletes_known_as_of": "deletes known as of",
    "certificate": "certificate",
}


def run_problems(settings: Settings, clock: Clock) -> Outcome:
    """Name all that is not known of the data, since when, why, and what mends it.

    Raises:
        NoWarehouseError: nothing was loaded yet.
        BusyError: a load is running.

    """
    outcome = Outcome("status", clock.now())
    with _opened(settings) as warehouse:
        found = [one for source in PRODUCTS for one in problems(warehouse, source)]
    outcome.results = [vars(one) for one in found]
    outcome.text = problem_text(found)
    outcome.finished_at = clock.now()
    return outcome


@contextmanager
def _opened(settings: Settings) -> Iterator[Warehouse]:
    """Open a warehouse that was loaded, for reading."""
    with read_warehouse(settings.data_dir) as warehouse:
        if not warehouse.layout("meta"):
            raise NoWarehouseError
        yield warehouse


def run_status(settings: Settings, clock: Clock, max_age: timedelta | None = None) -> Outcome:
    """Read the state of every collection from the warehouse, and what is published.

    With a greatest age: exit code 7 if data is older.

    Raises:
        NoWarehouseError: nothing was loaded yet.
        BusyError: a load is running.

    """
    started_at = clock.now()
    with _opened(settings) as warehouse:
        found = [one for source in PRODUCTS for one in problems(warehouse, source)]
        rows = [
            row
            for source in PRODUCTS
            for row in source_status(warehouse, source, started_at, _off(settings, source))
        ]
        regression = last_regression(warehouse)
        undone_text = told_undone(undone(warehouse))
    lacks = {(one.source, one.resource) for one in found}
    names = _names(rows)
    cells = [
        [name, *(row[key] for key in list(HEADER)[1:])]
        for name, row in zip(names, rows, strict=True)
    ]
    total = sum(row["rows"] for row in rows)
    parts = [
        table(list(HEADER.values()), cells),
        f"\n{counted(len(rows), 'collection')}, {counted(total, 'row')}.",
    ]
    parts += [
        f"{name}: {row['parents_read']:,} of {row['parents']:,} lists of {row['parent']} read."
        for name, row in zip(names, rows, strict=True)
        if row["parent"] and row["state"] != OFF
    ]
    if off := [name for name, row in zip(names, rows, strict=True) if row["state"] == OFF]:
        parts.append(f"Switched off, so not read: {', '.join(off)}. clio-sync resources says why.")
    for name, row in zip(names, rows, strict=True):
        parts += _warnings(name, row, known=(row["source"], row["resource"]) not in lacks)
    if undone_text:
        parts.append(undone_text.rstrip())
    if found:
        parts.append(f"{how_many(found)} See clio-sync status --problems.")
    if regression is not None:
        parts.append(f"The warehouse went back to an older state; this was found at {regression}.")
    back = waiting(settings.data_dir, clock)
    parts += back.lines()
    outcome = Outcome("status", started_at, clock.now())
    current = _published(settings.data_dir, outcome)
    if current is not None:
        parts.append(
            f"Published: generation {current.generation} of {current.published_at},"
            f" with the load of {current.last_load_at or 'nobody knows when'}."
        )
    outcome.results = [*rows, *filter(None, [back.result(), _result(current)])]
    outcome.text = "\n".join(parts) + "\n"
    if max_age is not None:
        _judge_age(outcome, rows, current, settings, max_age)
    return outcome


def _published(folder: Path, outcome: Outcome) -> Published | None:
    """Read what is published; what is wrong with it is told."""
    try:
        return read_published(folder)
    except NotPublishedError:
        return None
    except PointerError as error:
        outcome.errors.append(("", error))
        outcome.exit_code = error.exit_code
        return None


def _result(current: Published | None) -> dict[str, Any] | None:
    if current is None:
        return None
    named = ("generation", "snapshot", "published_at", "built_at", "last_load_at", "warnings")
    return {"published": {name: getattr(current, name) for name in named}}


def _judge_age(
    outcome: Outcome,
    rows: list[dict[str, Any]],
    current: Published | None,
    settings: Settings,
    most: timedelta,
) -> None:
    """Say what is older than it may be: in the warehouse, and in what readers see."""
    now, told = outcome.started_at, []
    counted = [row for row in rows if judged(row)]
    for source in PRODUCTS:
        chosen = product(source, settings.sources[source])
        mine = [r for r in counted if r["source"] == source and r["resource"] not in chosen.off]
        old = stale(mine, chosen.rules.daily_cadence, now, most)
        if old:
            name, at = old[0]
            message = (
                f"{len(old)} of {len(mine)} collections are too old; {name} is complete up to"
                f" {at.to_iso8601_string() if at else 'no moment yet'}"
            )
            told.append((source, StaleError(message)))
    if not counted:
        told.append(("", StaleError("no collection was ever read")))
    if current is not None and current.last_load_at < str(jsonable(now - most)):
        message = f"what is published has the load of {current.last_load_at or 'no moment'}"
        told.append(("published", StaleError(message)))
    if told:
        outcome.errors += told
        outcome.exit_code = StaleError.exit_code


def _names(rows: list[dict[str, Any]]) -> list[str]:
    """Name each collection, with its product where there is more than one."""
    one = len({row["source"] for row in rows}) == 1
    return [row["resource"] if one else f"{row['source']}.{row['resource']}" for row in rows]


def _certificate(row: dict[str, Any], *, known: bool) -> str:
    """Say what a certificate that is not simply good proves; `known` if all is known by now."""
    told = CERTIFICATES[row["certificate"]]
    if row["certificate"] == certificates.WITHHELD and known:
        now = command("sweep", row["source"], row["resource"])
        return f"{told}; they are known by now, and {now} proves them."
    return f"{told}; see clio-sync status --problems."


def _warnings(name: str, row: dict[str, Any], *, known: bool) -> list[str]:
    found = []
    if row["lateness"] != OK:
        found.append(
            f"{row['lateness']}: {name} had a version that became visible"
            f" {row['late_seconds'] / 60:.0f} minutes late.",
        )
    if row["silent_changes"]:
        found.append(
            f"{name}: {row['silent_changes']:,} changed values were found only by a sweep"
            " (meta.silent_changes).",
        )
    if row["kept_out"]:
        found.append(f"{name}: {row['kept_out']}; clio-sync quarantine list shows it.")
    if row["certificate"] not in {None, certificates.OK}:
        found.append(f"{name}: {_certificate(row, known=known)}")
    return found


@dataclass
class KnownState:
    """What the `meta` schema says of a source, by collection."""

    runs: dict[str, Any] = field(default_factory=dict)
    marks: dict[str, Any] = field(default_factory=dict)
    parents: dict[str, Any] = field(default_factory=dict)
    quarantined: dict[str, quarantine.QuarantineCounts] = field(default_factory=dict)
    silent: dict[str, int] = field(default_factory=dict)
    late: dict[str, float] = field(default_factory=dict)
    proved: dict[str, tuple[pendulum.DateTime, str]] = field(default_factory=dict)
    deletes: dict[str, pendulum.DateTime] = field(default_factory=dict)
    buried: dict[str, int] = field(default_factory=dict)
    now: pendulum.DateTime | None = None


def known(warehouse: Warehouse, source: str, now: pendulum.DateTime) -> KnownState:
    """Read what is known of every collection of a source."""
    return KnownState(
        runs=inputs.last_runs(warehouse, source),
        marks=inputs.marks(warehouse, source),
        parents=parents_read(warehouse, source),
        quarantined=quarantine.counts(warehouse, source),
        silent=silent_counts(warehouse, source),
        late=worst_lateness(warehouse, source, now),
        proved=certificates.last(warehouse, source),
        deletes=certificates.proved(warehouse, source),
        buried=row_history.buried(warehouse, source),
        now=now,
    )


def _off(settings: Settings, source: str) -> AbstractSet[str]:
    """Name the collections that are switched off; settings that cannot be used take none off."""
    options = settings.sources.get(source)
    try:
        return product(source, options).off if options else frozenset()
    except ConfigurationError:
        return frozenset()


def source_status(
    warehouse: Warehouse,
    source: str,
    now: pendulum.DateTime,
    off: AbstractSet[str] = frozenset(),
) -> list[dict[str, Any]]:
    """Return one row for each raw table of a source; of those that are `off` the state says so."""
    layout = warehouse.layout(f"raw_{source}")
    facts = known(warehouse, source, now)
    loaded = read_catalog(source).loaded
    rows = [
        _one(warehouse, source, loaded.get(name), (name, layout), facts)
        for name in sorted(layout)
        if not name.startswith("_dlt") and not name.endswith(("__versions", SUFFIX))
    ]
    return [row | {"state": OFF} if row["resource"] in off else row for row in rows]


def _one(
    warehouse: Warehouse,
    source: str,
    collection: Collection | None,
    raw: tuple[str, dict[str, list[str]]],
    facts: KnownState,
) -> dict[str, Any]:
    name, layout = raw
    count, newest = _table(warehouse, f"raw_{source}", name, layout[name], facts.now)
    never = (None, "never loaded", None, None, None)
    mode, state, finished_at, error, succeeded_at = facts.runs.get(name, never)
    mark, under_way, frozen = facts.marks.get(name, (None, False, ""))
    if frozen:
        state, error = "failed", frozen
    read, oldest = facts.parents.get(name, (0, None))
    walked_at, proof = facts.proved.get(name, (None, None))
    late = facts.late.get(name, 0.0)
    parent = collection.parent.resource if collection and collection.parent else None
    owners = _table(warehouse, f"raw_{source}", parent, [])[0] if parent in layout else 0
    complete = moment(mark) or moment(oldest)
    out = facts.quarantined.get(name)
    if complete and out and out.rows_since:
        # of a row that is kept out whole, the version that is stored may be older than this
        complete = min(complete, out.rows_since)
    by_load = complete if state == "ok" else None
    return {
        "source": source,
        "resource": name,
        "rows": count - facts.buried.get(name, 0),
        "deleted": facts.buried.get(name, 0),
        "newest": moment(newest),
        "last_load": moment(finished_at),
        "last_success": moment(succeeded_at),
        "mode": mode,
        "watermark": complete,
        "walk_under_way": bool(under_way),
        "parent": parent,
        "parents": owners - facts.buried.get(parent or "", 0),
        "parents_read": read,
        "quarantined": out.rows + out.values if out else 0,
        "kept_out": out.told if out else None,
        "deletes_known_as_of": _deletes_known(collection, moment(facts.deletes.get(name)), by_load),
        "certificate": proof,
        "certified_at": moment(walked_at),
        "late_seconds": late,
        "lateness": verdict(late),
        "silent_changes": facts.silent.get(name, 0),
        "state": state,
        "error": error or None,
    }


def _deletes_known(
    collection: Collection | None,
    walked_at: pendulum.DateTime | None,
    loaded: pendulum.DateTime | None,
) -> pendulum.DateTime | None:
    """Return the moment up to which deletions are known: the last walk that left nothing open."""
    if collection is None or collection.mode == "daily" or collection.leaves:
        return None
    by_load = loaded if collection.mode in {"full", "child"} else None
    return max((at for at in (walked_at, by_load) if at is not None), default=None)


def _table(
    warehouse: Warehouse,
    schema: str,
    name: str | None,
    columns: list[str],
    now: pendulum.DateTime | None = None,
) -> tuple[int, object]:
    """Count the rows of a table and give its newest stamp; one of the future is no such stamp."""
    newest, given = "null", []
    if now is not None and "updated_at" in columns:
        newest, given = "max(updated_at) filter (updated_at <= $1)", [now.add(days=1)]
    query = f"select count(*), {newest} from {quoted(schema)}.{quoted(name or '')}"  # noqa: S608 - names of the catalogue, quoted
    ((count, value),) = warehouse.rows(query, given)
    return int(count), value
