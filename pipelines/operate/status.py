"""What is in the warehouse, how fresh it is, and how far it is proved."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from pipelines.config import PRODUCTS, Settings
from pipelines.errors import NoWarehouseError
from pipelines.errors.remedies import command
from pipelines.folder import read_warehouse
from pipelines.ledger.open_work import waiting
from pipelines.load.products import product
from pipelines.outcome import Outcome, counted, jsonable, named, table
from pipelines.plan.approval_policy import standing
from pipelines.publish.errors import NotPublishedError, PointerError, StaleError
from pipelines.publish.pointer import Published, read_published
from pipelines.state import certificates
from pipelines.state.certificates import OK
from pipelines.state.check_results import told_undone, undone
from pipelines.state.epoch import last_regression
from pipelines.state.inputs import OFF
from pipelines.state.problems import ACCEPTED, CERTIFICATES, Problem, problems
from pipelines.warehouse import Warehouse
from sources.clio_http.clock import Clock
from sources.errors import ConfigurationError

from .freshness import judged, source_status, stale

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

PUBLISHED = ("generation", "snapshot", "published_at", "built_at", "last_load_at", "warnings")
NO_PROBLEM = "Everything that is loaded is known."
KINDS = {
    "never": "never read",
    "behind": "out of date",
    "kept_out": "kept out",
    "refused_parameter": "refused",
    "unproved": "not proved",
}
"""How kinds of problems are called that have an internal name."""


def run_problems(settings: Settings, clock: Clock) -> Outcome:
    """Name all that is not known of the data, since when, why, and what mends it.

    It raises as `run_status` does.
    """
    outcome = Outcome("status", clock.now())
    with _opened(settings) as warehouse:
        found = [one for source in PRODUCTS for one in problems(warehouse, source)]
    outcome.results = [vars(one) for one in found]
    outcome.text = "\n".join([*_paragraphs(found), _how_many(found), ""])
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
    several = len({row["source"] for row in rows}) > 1
    each = [(f"{r['source']}.{r['resource']}" if several else r["resource"], r) for r in rows]
    cells = [[name, *(row[key] for key in list(HEADER)[1:])] for name, row in each]
    total = sum(row["rows"] for row in rows)
    parts = [
        table(list(HEADER.values()), cells),
        f"\n{counted(len(rows), 'collection')}, {counted(total, 'row')}.",
    ]
    parts += [
        f"{name}: {row['parents_read']:,} of {row['parents']:,} lists of {row['parent']} read."
        for name, row in each
        if row["parent"] and row["state"] != OFF
    ]
    if off := [name for name, row in each if row["state"] == OFF]:
        parts.append(f"Switched off, so not read: {', '.join(off)}. clio-sync resources says why.")
    for name, row in each:
        parts += _warnings(name, row, known=(row["source"], row["resource"]) not in lacks)
    parts += [undone_text.rstrip()] if undone_text else []
    if found:
        parts.append(f"{_how_many(found)} See clio-sync status --problems.")
    if regression is not None:
        parts.append(f"The warehouse went back to an older state; this was found at {regression}.")
    back = waiting(settings.data_dir, clock)
    parts += back.lines()
    parts += filter(None, [standing(settings.data_dir, clock, settings.approval)])
    outcome = Outcome("status", started_at, clock.now())
    outcome.results = [*rows, *filter(None, [back.result()])]
    current = _published(settings.data_dir, outcome)
    if current is not None:
        parts.append(
            f"Published: generation {current.generation} of {current.published_at},"
            f" with the load of {current.last_load_at or 'nobody knows when'}."
        )
        published = {name: getattr(current, name) for name in PUBLISHED}
        outcome.results = [*outcome.results, {"published": published}]
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


def _warnings(name: str, row: dict[str, Any], *, known: bool) -> list[str]:
    """Say what a person should see; `known` if all is known of the collection by now."""
    found = []
    if row["lateness"] != OK:
        found.append(
            f"{row['lateness']}: {name} had a version that became visible"
            f" {row['late_seconds'] / 60:.0f} minutes late."
        )
    if row["silent_changes"]:
        found.append(
            f"{name}: {row['silent_changes']:,} changed values were found only by a sweep"
            " (meta.silent_changes)."
        )
    if row["kept_out"]:
        found.append(f"{name}: {row['kept_out']}; clio-sync quarantine list shows it.")
    if row["certificate"] not in {None, certificates.OK}:
        see = "see clio-sync status --problems"
        if row["certificate"] == certificates.WITHHELD and known:
            now = command("sweep", row["source"], row["resource"])
            see = f"they are known by now, and {now} proves them"
        found.append(f"{name}: {CERTIFICATES[row['certificate']]}; {see}.")
    return found


def _off(settings: Settings, source: str) -> AbstractSet[str]:
    """Name the collections that are switched off; settings that cannot be used take none off."""
    options = settings.sources.get(source)
    try:
        return product(source, options).off if options else frozenset()
    except ConfigurationError:
        return frozenset()


def _how_many(found: Sequence[Problem]) -> str:
    """Count what is not known, apart from what a person has accepted."""
    accepted = sum(one.kind == ACCEPTED for one in found)
    number = len(found) - accepted
    said = f"{counted(number, 'thing')} {'is' if number == 1 else 'are'} not known."
    parts = [said if number else NO_PROBLEM]
    if accepted:
        parts.append(f"The empty values of {counted(accepted, 'column')} are accepted as they are.")
    return " ".join(parts)


def _paragraphs(found: Sequence[Problem]) -> Iterator[str]:
    """Tell of each problem, and once of several that have one cause and one remedy."""
    several = len({one.source for one in found}) > 1
    groups: dict[tuple[str, ...], list[Problem]] = {}
    for one in found:
        groups.setdefault((one.source, one.kind, one.field, one.message, one.fix), []).append(one)
    for (source, kind, _, message, fix), group in groups.items():
        # of several the earliest moment is told
        first = min(group, key=lambda one: (one.when == "", one.when))
        names = named([one.name for one in group])
        where = f"{names} of {source}" if several else names
        yield f"{where}: {KINDS.get(kind, kind)}{first.when}\n  {message}\n  To do: {fix}\n"
