"""Checks of the warehouse: what it says of its own runs, proofs and gaps. Nothing is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pendulum

from pipelines.access.account import Identity
from pipelines.config import PRODUCTS, Settings
from pipelines.errors import BusyError
from pipelines.errors.remedies import KEPT_OUT, parted, remedy
from pipelines.folder import last_seen, read_warehouse
from pipelines.ledger.ledger import Head, Ledger
from pipelines.load import products
from pipelines.operate.freshness import source_status
from pipelines.outcome import counted, named
from pipelines.release import SCHEMA
from pipelines.state import certificates, refusals, server
from pipelines.state.certificates import FAIL as TOO_LATE
from pipelines.state.certificates import OK as IN_TIME
from pipelines.state.epoch import (
    UnreadableEpochError,
    epoch_beside,
    epoch_inside,
    last_regression,
    went_back,
)
from pipelines.state.problems import CERTIFICATES, problems
from pipelines.state.refusals import Refusals
from pipelines.sweep.sweep import SWEPT
from pipelines.warehouse import FILE, Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection, Redaction, read_catalog
from sources.clio_http.clock import Clock
from sources.clio_http.plan import OVERLAP
from sources.errors import ClioError, ConfigurationError

from .line import FAIL, NOTE, OK, WARN, DoctorLine

OLD_LOAD = pendulum.duration(days=2)
OLD_PROOF = pendulum.duration(days=31)
UNDER_WAY = frozenset({"running", "interrupted", "incomplete"})


@dataclass(frozen=True)
class DoctorFacts:
    """What the warehouse knows of a product that is held against Clio's answers."""

    pinned: Identity | None = None
    refused: Refusals = field(default_factory=dict)
    not_taken: Refusals = field(default_factory=dict)


def look(
    settings: Settings, now: pendulum.DateTime
) -> tuple[list[DoctorLine], dict[str, DoctorFacts]]:
    """Check the warehouse, opened for reading and closed again; return facts by product too."""
    folder = settings.data_dir
    if not (folder / FILE).exists():
        return [DoctorLine("warehouse", NOTE, "there is none yet", "clio-sync load")], {}
    try:
        with Warehouse(folder, read_only=True) as warehouse:
            return _looked(settings, warehouse, now)
    except BusyError as error:
        what = f"{error}; it was not looked into"
        return [DoctorLine("warehouse", WARN, what, "Wait until that run has ended.")], {}
    except ClioError as error:
        return [DoctorLine("warehouse", FAIL, str(error), error.hint)], {}


def ledger(settings: Settings, clock: Clock) -> DoctorLine:
    """Say whether the ledger is whole, and as long as the warehouse saw it last."""
    folder = settings.data_dir
    try:
        with Ledger.open(folder, clock, read_only=True) as open_:
            open_.demand_whole(_seen(folder))
            events = open_.head().count
    except ClioError as error:
        return DoctorLine("ledger", FAIL, str(error), error.hint)
    return DoctorLine("ledger", OK, f"{events:,} events, each as it was written")


def _seen(folder: Path) -> Head:
    """Return the head of the ledger that the warehouse saw last; none where it cannot be asked."""
    try:
        with read_warehouse(folder) as warehouse:
            return last_seen(warehouse)
    except ClioError:
        return Head()  # what is wrong with the warehouse is a line of its own


def _looked(
    settings: Settings, warehouse: Warehouse, now: pendulum.DateTime
) -> tuple[list[DoctorLine], dict[str, DoctorFacts]]:
    if warehouse.version < SCHEMA:
        what = "no load of this version of clio-sync was made into it yet"
        return [DoctorLine("warehouse", WARN, what, "clio-sync load")], {}
    lines = [DoctorLine("warehouse", OK, "it can be opened and read"), epoch(settings, warehouse)]
    facts = {}
    for source in PRODUCTS:
        facts[source] = DoctorFacts(
            server.pinned(warehouse, source),
            refusals.refused(warehouse, source),
            refusals.refused(warehouse, source, refusals.PARAMETER),
        )
        collections = _wanted(settings, source)
        rows = [r for r in source_status(warehouse, source, now) if r["resource"] in collections]
        if not rows:
            continue
        judged = [last_runs(rows, now), lateness(rows), certified(rows, now), kept_out(rows)]
        judged.append(hidden_values(warehouse, source, collections))
        judged += not_known(warehouse, source)
        lines += [replace(line, product=source) for line in judged]
    return lines, facts


def _wanted(settings: Settings, source: str) -> dict[str, Collection]:
    """Return the loaded collections by name; settings that cannot be used take none off."""
    options = settings.sources[source]
    known = products.catalog(source, options)
    try:
        off = products.off(known, options)
    except ConfigurationError:
        off = frozenset()
    return {name: one for name, one in known.loaded.items() if name not in off}


def epoch(settings: Settings, warehouse: Warehouse) -> DoctorLine:
    """Say whether the warehouse went back to an older state, now or before."""
    sweep, load = "clio-sync sweep", "clio-sync load, then clio-sync sweep"
    try:
        beside, inside = epoch_beside(settings.data_dir), epoch_inside(warehouse)
    except UnreadableEpochError:
        return DoctorLine("epoch", WARN, "epoch.json cannot be read", load)
    if beside is None:
        return DoctorLine("epoch", WARN, "epoch.json is missing", load)
    seen, both = last_regression(warehouse), (beside.load_seq, inside.load_seq)
    noted = seen is not None and (seen.epoch_seq, seen.raised_to) == both
    reason = "" if noted else went_back(beside, inside)
    if reason:
        what = f"the warehouse is not the one of the last load ({reason})"
        return DoctorLine("epoch", FAIL, what, load)
    if seen is None:
        what = f"the warehouse is that of its last load ({inside.load_seq})"
        return DoctorLine("epoch", OK, what)
    proved = certificates.newest(warehouse)
    what = f"the warehouse went back; this was found at {seen}"
    if proved is not None and proved > seen.seen_at:
        return DoctorLine("epoch", OK, f"{what}, and a sweep was made since")
    return DoctorLine("epoch", WARN, what, sweep)


def last_runs(rows: Sequence[Mapping[str, Any]], now: pendulum.DateTime) -> DoctorLine:
    """Say which collections' last load did not end well, or was long ago."""
    check, fix = "last_runs", "clio-sync load"
    failed = [row for row in rows if row["state"] not in {"ok", "never loaded", *UNDER_WAY}]
    if failed:
        told, fixes = [], dict[str, None]()
        for row in failed:
            code, words = cause(row)
            told.append(f"{row['resource']} ({words})")
            fixes[remedy(code, row["source"], row["resource"], swept=is_swept(row))] = None
        what = f"the last load of these did not end well: {named(told)}"
        return DoctorLine(check, FAIL, what, named(list(fixes), between="; "))
    open_ = [row["resource"] for row in rows if row["state"] in UNDER_WAY]
    if open_:
        return DoctorLine(check, WARN, f"the last load of {named(open_)} is not complete", fix)
    newest = max((row["last_load"] for row in rows if row["last_load"]), default=None)
    if newest is None or now - newest > OLD_LOAD:
        when = f"{newest:%Y-%m-%d %H:%M} UTC" if newest else "never"
        return DoctorLine(check, WARN, f"the last load was {when}", fix)
    what = f"{len(rows)} collections, the last load was {newest:%Y-%m-%d %H:%M} UTC"
    return DoctorLine(check, OK, what)


def cause(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return the code of what a collection's last load ended with, and what it said."""
    code, words = parted(str(row["error"] or row["state"].replace("_", " ")))
    # why a list is frozen is kept without a code
    frozen = row["error"] and row["state"] == "failed" and ": " not in words
    return code or ("frozen" if frozen else ""), words


def is_swept(row: Mapping[str, Any]) -> bool:
    """Tell whether a sweep reads a collection."""
    collection = read_catalog(row["source"]).loaded.get(row["resource"])
    return collection is not None and collection.mode in SWEPT


def lateness(rows: Sequence[Mapping[str, Any]]) -> DoctorLine:
    """Say whether versions became visible later than loads allow for."""
    late = sorted(
        (row for row in rows if row["lateness"] != IN_TIME), key=lambda row: -row["late_seconds"]
    )
    allowed = OVERLAP.in_minutes()
    if not late:
        what = f"no version was late by half of {allowed} minutes or more"
        return DoctorLine("lateness", OK, what)
    told = [f"{row['resource']} ({row['late_seconds'] / 60:.0f} minutes)" for row in late]
    worst = FAIL if any(row["lateness"] == TOO_LATE for row in late) else WARN
    what = f"versions became visible late in {named(told)}; loads allow for {allowed} minutes"
    return DoctorLine("lateness", worst, what, "clio-sync sweep, every night")


def certified(rows: Sequence[Mapping[str, Any]], now: pendulum.DateTime) -> DoctorLine:
    """Say how far the warehouse is proved."""
    check, fix = "certificates", "clio-sync sweep"
    rows = [row for row in rows if is_swept(row)]
    good = {None, certificates.OK, certificates.WITHHELD}
    bad = [row for row in rows if row["certificate"] not in good]
    if bad:
        told = [f"{row['resource']} ({CERTIFICATES[row['certificate']]})" for row in bad]
        return DoctorLine(check, FAIL, named(told), fix)
    unproved = [row["resource"] for row in rows if row["certificate"] is None]
    if unproved:
        what = f"{len(unproved)} of {len(rows)} collections were never proved: {named(unproved)}"
        return DoctorLine(check, WARN, what, fix)
    old = [row["resource"] for row in rows if now - row["certified_at"] > OLD_PROOF]
    if old:
        what = f"{len(old)} of {len(rows)} certificates are older than 31 days: {named(old)}"
        return DoctorLine(check, WARN, what, fix)
    what = f"{counted(len(rows), 'collection')} proved equal to Clio"
    partly = [row["resource"] for row in rows if row["certificate"] == certificates.WITHHELD]
    if partly:
        # what of them is not known has its own lines, until a person accepts it
        what += f"; of {named(partly)} the rows, and not every value in them"
    return DoctorLine(check, OK, what)


def kept_out(rows: Sequence[Mapping[str, Any]]) -> DoctorLine:
    """Say what of Clio is kept out since it does not fit."""
    told = [f"{row['resource']} ({row['kept_out']})" for row in rows if row["kept_out"]]
    if told:
        return DoctorLine("kept_out", WARN, f"what does not fit: {named(told)}", KEPT_OUT)
    return DoctorLine("kept_out", OK, "everything that Clio shows fits")


TOLD_HERE = {"withheld": WARN, "never": WARN, "behind": WARN, "accepted": NOTE}
"""What is not known and has no line of its own, and how bad it is."""


def not_known(warehouse: Warehouse, source: str) -> list[DoctorLine]:
    """Tell each thing that is not known, with what mends it; what is kept out has its own line.

    What a person accepted is a note; values known before that nobody accepted to lose are a fault.
    """
    found = [one for one in problems(warehouse, source) if one.kind in TOLD_HERE]
    if not found:
        return [DoctorLine("not_known", OK, "everything that is loaded is known")]
    return [
        DoctorLine(
            "not_known",
            FAIL if one.alarm else TOLD_HERE[one.kind],
            f"{one.name}: {one.message}{one.when}",
            one.fix,
        )
        for one in found
    ]


def hidden_values(
    warehouse: Warehouse, source: str, collections: Mapping[str, Collection]
) -> DoctorLine:
    """Count the stored records of which Clio hid a value."""
    told = []
    for name, collection in collections.items():
        columns = warehouse.columns(f"raw_{source}", name)
        tests = " or ".join(hidden_tests(collection.redaction, columns))
        if tests:
            query = f"select count(*) from {quoted('raw_' + source)}.{quoted(name)} where {tests}"
            ((count,),) = warehouse.rows(query)
            told += [f"{count:,} {name}"] if count else []
    if told:
        what = f"values of {named(told)} were hidden from the token"
        return DoctorLine("hidden_values", FAIL, what, SEE_ALL)
    return DoctorLine("hidden_values", OK, "no stored record has a hidden value")


SEE_ALL = (
    "Let a user who may see them sign in, with every permission that the application needs; then"
    " clio-sync sweep --accept-user"
)


def hidden_tests(redaction: Redaction | None, columns: Sequence[str]) -> list[str]:
    """Return the SQL conditions of which one holds where a value is hidden."""
    if redaction is None:
        return []
    tests = [f"{quoted(redaction.flag)}"] if redaction.flag in columns else []
    if redaction.listed_in in columns:
        name = quoted(redaction.listed_in)
        tests.append(f"({name} is not null and {name}::varchar <> '[]')")
    return tests
