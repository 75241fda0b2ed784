"""Loads and sweeps of a simulated Clio Grow, held against what its server has."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.config import Settings, SourceSettings
from pipelines.load.command import run_load
from pipelines.outcome import Outcome
from pipelines.sweep.command import run_sweep
from sources.clio_grow.versions import catalog_of
from sources.clio_http.catalog import EXTRA, Catalog, Collection, read_catalog
from sources.clio_http.clock import SystemClock
from sources.clio_http.secret import Secret
from sources.clio_simulator.grow_records import SHAPES
from tests.system.firm import Firm, Rows, by_key, chosen, compared, converted

GROW: Catalog = read_catalog("clio_grow")
RAW = "raw_clio_grow"
LISTED = {"untriaged", "ignored"}
CALM = {"grow_contacts": 20, "grow_matters": 12, "grow_leads": 18, "grow_notes": 30}


@dataclass
class GrowFirm(Firm):
    """A firm's Clio Grow, and the data folder that it is loaded into."""

    manage: bool = False
    grow: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """Return the settings of a load; `manage` says whether there is a token for Manage too."""
        grow = {
            "base_url": self.clio.grow_url,
            "access_token": Secret(self.clio.grow_token),
            **self.grow,
        }
        manage: dict[str, Any] = {"base_url": self.clio.url, **self.options}
        if self.manage:
            manage.setdefault("access_token", Secret(self.clio.token))
        sources = {"clio_manage": SourceSettings(**manage), "clio_grow": SourceSettings(**grow)}
        return Settings(self.folder, "tester", sources)

    def load(
        self,
        *resources: str,
        clock: SystemClock | None = None,
        stop: threading.Event | None = None,
        **choice: Any,
    ) -> Outcome:
        """Load some collections of Grow, or all that are due."""
        return run_load(self.context(clock, stop), ["clio_grow"], chosen(*resources, **choice))

    def sweep(
        self,
        *resources: str,
        clock: SystemClock | None = None,
        stop: threading.Event | None = None,
        **choice: Any,
    ) -> Outcome:
        """Prove some collections of Grow, or all that were loaded."""
        return run_sweep(self.context(clock, stop), ["clio_grow"], chosen(*resources, **choice))

    @property
    def catalog(self) -> Catalog:
        """Return the catalogue that is loaded by."""
        return catalog_of(self.grow.get("api_version", "v2"))

    def stored(self, name: str) -> Rows:
        """Read a raw table by key, the bookkeeping columns left out."""
        collection = self.catalog.loaded[name]
        names = [column.name for column in collection.columns]
        chosen = ", ".join(f'"{each}"' for each in names)
        found = self.query(f'select {chosen} from {RAW}."{name}"')
        rows = [dict(zip(names, row, strict=True)) for row in found]
        for row in rows:
            for column in collection.columns:
                if column.type in {"JSON", EXTRA} and row[column.name] is not None:
                    row[column.name] = json.loads(row[column.name])
        keyed = by_key(collection, rows)
        assert len(keyed) == len(rows), f"{name} holds a key twice"
        return keyed

    def served(self, name: str) -> Rows:
        """Return what the server has of a collection, all shown; of leads those in the lists."""
        collection = self.catalog.loaded[name]
        rows = []
        for record in self.clio.dump(f"grow.{name}"):
            if name == "inbox_leads" and record["state"] not in LISTED:
                continue
            constants: dict[str, Any] = {}
            if collection.parent is not None:
                constants[collection.parent.column] = record.pop(collection.parent.parameter)
            if self.clio.switches.grow_version == "v1":
                record = {each: record[each] for each in SHAPES[name].early}  # noqa: PLW2901 - the record, less what early access has
            rows.append(as_stored(collection, record, constants))
        return by_key(collection, rows)

    def differences(self, *names: str) -> list[str]:
        """Name each row and column in which the warehouse is not what the server has."""
        return [
            difference
            for name in names
            for difference in compared(name, self.stored(name), self.served(name))
        ]

    def asked(self, name: str) -> list[Any]:
        """Return the list requests that reached the server for a collection."""
        return [asked for asked in self.clio.requests if asked.collection == f"grow.{name}"]

    def statuses(self) -> set[int]:
        """Return the statuses of every answer so far."""
        return {asked.status for asked in self.clio.requests}


def as_stored(
    collection: Collection, record: Mapping[str, Any], constants: Mapping[str, Any]
) -> dict[str, Any]:
    """Turn a record into the row that the raw table must hold of it."""
    known = {each.name for each in collection.fields}
    unknown = {name: value for name, value in record.items() if name not in known}
    return {
        column.name: (unknown or None)
        if column.type == EXTRA
        else converted(column, record, collection, constants)
        for column in collection.columns
    }


NewGrow = Callable[..., GrowFirm]


def codes(firm: GrowFirm, *names: str, **choice: Any) -> tuple[int, list[str]]:
    """Load, and give the exit code and the errors with their collection."""
    outcome = firm.load(*names, **choice)
    return outcome.exit_code, [f"{subject}: {error}" for subject, error in outcome.errors]
