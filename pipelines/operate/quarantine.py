"""The `quarantine` commands: what of Clio is kept out, as it was received, and read once more."""

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any
from uuid import uuid4

from pipelines.config import PRODUCTS, Settings, SourceSettings
from pipelines.context import Context
from pipelines.errors import CommandLineError
from pipelines.errors.misfits import KeptOutError, NotKeptOutError
from pipelines.folder import open_folder, read_warehouse
from pipelines.load import products
from pipelines.load.command import opened_runner
from pipelines.load.products import Part
from pipelines.load.result import URGENCY
from pipelines.outcome import Outcome, printable, table
from pipelines.plan.refresh_records import RecordsWanted, Rereading
from pipelines.state import quarantine
from pipelines.state.inputs import keep_inputs
from pipelines.state.quarantine import QuarantineEntry
from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection
from sources.clio_http.clock import Clock
from sources.clio_http.misfits import key_sql, key_texts, misfit_keys
from sources.clio_http.readings import joined
from sources.errors import ClioError

HEADER = ("collection", "record", "column", "since", "why")
OUT_OF_SIGHT = "gone or only out of sight: a person says which, when clio-sync sweep asks"
NOT_ALONE = "read by its list alone: the next clio-sync load or sweep asks for it"


class QuarantineRetry(Rereading):
    """Reads records again of which something is kept out, by the load's own way."""

    mode = "retry"

    def again(self, collection: Collection, keys: Sequence[str]) -> list[str]:
        """Read some records and store what fits by now; give the keys of those that are gone.

        A record that the list leaves out is asked for by its own address, where it has one.

        Raises:
            ClioError: they could not be read; nothing is known of them.

        """
        task, records = self._aside(RecordsWanted(collection.name, tuple(keys)))
        found = records.by_ids(list(keys))
        gone: list[str] = []
        if collection.ids and collection.item_path:
            shown = {*misfit_keys(found.misfits, collection)}
            if found.table.num_rows:
                shown.update(key_texts(found.table, collection).to_pylist())
            alone = {key: records.one(key) for key in keys if key not in shown}
            gone = [key for key, one in alone.items() if one is None]
            found = joined([found, *(one for one in alone.values() if one is not None)])
        if found.read:
            task.hold(replace(found, rows=found.read))
            self.drive([task])
        return gone


def run_list(settings: Settings, clock: Clock) -> Outcome:
    """List what is kept out.

    Raises:
        NoWarehouseError: nothing was loaded yet.

    """
    started_at = clock.now()
    with read_warehouse(settings.data_dir) as warehouse:
        found = _wanted(warehouse, None)
    text = "Nothing is kept out: everything that Clio shows fits.\n"
    if found:
        number = _how_many(len(found), "row or value is", "rows and values are")
        text = f"{table(HEADER, [_cells(entry) for entry in found])}\n\n{number} kept out.\n"
    results = [_result(entry) for entry in found]
    return Outcome("quarantine list", started_at, clock.now(), results=results, text=text)


def run_show(settings: Settings, clock: Clock, resource: str, record_id: str) -> Outcome:
    """Show what of one record is kept out, as it was received.

    Raises:
        NoWarehouseError: nothing was loaded yet.
        CommandLineError: there is no such collection.
        NotKeptOutError: nothing of it is kept out.

    """
    started_at = clock.now()
    _demand_known(settings, resource)
    with read_warehouse(settings.data_dir) as warehouse:
        found = [e for e in _wanted(warehouse, resource) if e.record_id == record_id]
    if not found:
        raise NotKeptOutError
    parts = []
    for entry in found:
        what = f"column {entry.field}" if entry.field else "the whole row"
        received = json.dumps(_received(entry), indent=2, ensure_ascii=False)
        parts.append(
            f"{entry.resource} {entry.record_id}, {what}: {entry.reason}, since {_since(entry)}\n"
            f"{printable(received)}\n"
        )
    results = [_result(entry) | {"received": _received(entry)} for entry in found]
    text = "\n".join(parts)
    return Outcome("quarantine show", started_at, clock.now(), results=results, text=text)


def run_retry(context: Context, resource: str | None) -> Outcome:
    """Read again by their ids all records of which something is kept out, and say what stays out.

    Raises:
        CommandLineError: there is no such collection.
        NoWarehouseError: nothing was loaded yet.
        DemoFolderError: the folder holds the demo's firm.
        ClioError: Clio cannot be reached; nothing was changed.

    """
    outcome = Outcome("quarantine retry", context.clock.now(), run_id=uuid4().hex)
    if resource is not None:
        _demand_known(context.settings, resource)
    with (
        open_folder(context, outcome.command, write=True, run_id=outcome.run_id) as warehouse,
        context.reporter,
    ):
        before = _wanted(warehouse, resource)
        for source in sorted({entry.source for entry in before}):
            _again(context, outcome, warehouse, [e for e in before if e.source == source])
        left = _wanted(warehouse, resource)
    outcome.results = [_result(entry) for entry in left]
    outcome.text = f"{_how_many(len(before), 'was', 'were')} kept out"
    outcome.text += f", {_how_many(len(left), 'still is', 'still are')}.\n"
    if left:
        outcome.text = table(HEADER, [_cells(entry) for entry in left]) + "\n\n" + outcome.text
        outcome.errors.append(
            ("", KeptOutError(f"{_how_many(len(left), 'stays', 'stay')} kept out", len(left)))
        )
        outcome.exit_code = max(outcome.exit_code, 4, key=URGENCY.__getitem__)
    return outcome


def _how_many(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"


def _demand_known(settings: Settings, resource: str) -> None:
    """Refuse a collection that no product has."""
    given = {name: settings.sources.get(name, SourceSettings()) for name in PRODUCTS}
    if not any(resource in products.catalog(name, given[name]).loaded for name in given):
        message = f"unknown collection {resource}; clio-sync resources lists the valid names"
        raise CommandLineError(message)


def _wanted(warehouse: Warehouse, resource: str | None) -> list[QuarantineEntry]:
    if "quarantine" not in warehouse.layout("meta"):
        return []
    return [e for e in quarantine.entries(warehouse) if resource in {None, e.resource}]


def _again(
    context: Context, outcome: Outcome, warehouse: Warehouse, entries: Sequence[QuarantineEntry]
) -> None:
    """Read the records of one product again, collection by collection."""
    source = entries[0].source
    opened = opened_runner(QuarantineRetry, context, Part(source), warehouse, outcome.run_id)
    with opened as reading, closing(reading):
        product = reading.product
        reading.begin()
        for name in sorted({entry.resource for entry in entries}):
            collection = product.catalog.collections.get(name)
            keys = sorted({e.record_id for e in entries if e.resource == name} - {""})
            if collection is None or not _is_asked_alone(collection) or not keys:
                context.reporter.note(f"{name}: {NOT_ALONE}")
                continue
            try:
                gone = reading.again(collection, keys)
                if gone and not reading.may_be_gone(collection, gone):
                    context.reporter.note(f"{name}: {OUT_OF_SIGHT}")
                    continue
            except ClioError as error:
                outcome.errors.append((name, error))
                code = error.exit_code if error.exit_code in URGENCY else 4
                outcome.exit_code = max(outcome.exit_code, code, key=URGENCY.__getitem__)
                continue
            _forget(warehouse, source, collection, gone)
        keep_inputs(warehouse, source, product.catalog.loaded, product.off)


def _is_asked_alone(collection: Collection) -> bool:
    single = len(collection.key) == 1 and collection.parent is None
    return single and bool(collection.ids or collection.item_path)


def _forget(warehouse: Warehouse, source: str, collection: Collection, gone: Sequence[str]) -> None:
    """Let go rows that are gone in Clio and that were never stored; a sweep buries the others."""
    key, raw = key_sql(collection, "t"), f"{quoted('raw_' + source)}.{quoted(collection.name)}"
    query = f"select {key} from {raw} t where list_contains($1, {key})"  # noqa: S608 - names of the catalogue, quoted
    stored = {found for (found,) in warehouse.rows(query, [list(gone)])}
    with closing(warehouse.cursor()) as cursor:
        quarantine.forget(cursor, source, collection.name, [k for k in gone if k not in stored])


def _since(entry: QuarantineEntry) -> str:
    return f"{entry.since:%Y-%m-%d %H:%M} UTC" if entry.since else "before this version"


def _cells(entry: QuarantineEntry) -> tuple[str, str, str, str, str]:
    column = entry.field or "the whole row"
    return entry.resource, entry.record_id, column, _since(entry), entry.reason


def _result(entry: QuarantineEntry) -> dict[str, Any]:
    named = ("source", "resource", "record_id", "field", "reason", "since")
    return {name: getattr(entry, name) or None for name in named}


def _received(entry: QuarantineEntry) -> object:
    return json.loads(entry.row) if entry.row else None
