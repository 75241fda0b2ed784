"""The two sides of a walk in a real warehouse: what was stored, and what the walk showed."""

from collections.abc import Mapping, Sequence

import pendulum
import pyarrow as pa

from pipelines.state.row_history import Purpose, Seen, bury
from pipelines.state.runs import Meta, PackageOutcome, Progress
from pipelines.state.snapshots import Census
from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection
from tests.unit.pages import CATALOG

SOURCE = "clio_manage"
RAW = "raw_clio_manage"
AT = pendulum.datetime(2026, 3, 2, 9, 0, 0)
TASKS = CATALOG.loaded["tasks"]
CONTACTS = CATALOG.loaded["matter_contacts"]

Pairs = Sequence[tuple[str, str | None]]


class Sides:
    """A raw table of keys and content hashes, and walks of it."""

    def __init__(self, warehouse: Warehouse, collection: Collection = TASKS) -> None:
        """Make the tables, empty."""
        self.warehouse, self.collection = warehouse, collection
        self.meta = Meta(warehouse)
        self.raw = f"{RAW}.{collection.name}"
        keys = ", ".join(f"{quoted(name)} bigint" for name in collection.key)
        warehouse.rows(f"create schema if not exists {RAW}")
        warehouse.rows(
            f"create table {self.raw} ({keys}, _row_hash varchar, _synced_at timestamptz)"
        )

    def store(self, rows: Mapping[str, str]) -> None:
        """Store rows by key, as a load does."""
        for key, row_hash in rows.items():
            parts = [int(part) for part in key.split(",")]
            same = " and ".join(
                f"{quoted(name)} = {part}"
                for name, part in zip(self.collection.key, parts, strict=True)
            )
            self.warehouse.rows(f"delete from {self.raw} where {same}")
            values = ", ".join(str(part) for part in parts)
            self.warehouse.rows(f"insert into {self.raw} values ({values}, $1, $2)", [row_hash, AT])

    def census(self, walk: str = "sweep") -> Census:
        """Return the census of a walk."""
        return Census(self.warehouse, SOURCE, self.collection, walk)

    def put_down(self, after: int, index: int = 0) -> None:
        """Let a sweep stand in a list, past a number."""
        name = self.collection.name
        self.meta.begin_sweep(Progress(SOURCE, name, walk_started_at=AT))
        self.warehouse.rows("update meta.sweeps set list_index = $1, after_id = $2", [index, after])

    def show(
        self,
        pairs: Pairs,
        walk: str = "sweep",
        *,
        proving: bool = False,
        lists: int = 1,
        at: pendulum.DateTime = AT,
        restarted: bool = False,
    ) -> None:
        """Let a walk show rows, as the package that stores them is committed."""
        keys, hashes = [key for key, _ in pairs], [row_hash for _, row_hash in pairs]
        columns = {
            "key": pa.array(keys, pa.string()),
            "row_hash": pa.array(hashes, pa.string()),
            "turn": pa.array(range(len(pairs)), pa.int64()),
        }
        shown = Seen(
            SOURCE,
            self.collection.name,
            Purpose(walk, census=not proving, proving=proving),
            pa.table(columns),
            lists=lists,
            read_at=at,
            restarted=restarted,
        )
        self.meta.save_walks(PackageOutcome(seen=[shown]), AT, "run")

    def bury(self, *keys: str, at: pendulum.DateTime = AT) -> None:
        """Mark rows as deleted."""
        bury(self.warehouse, SOURCE, self.collection, dict.fromkeys(keys, "told so"), at)

    def digests(self, walk: str = "sweep") -> dict[str, tuple[int, str]]:
        """Return rows and digest of what was known, was seen and is stored."""
        census = self.census(walk)
        return {
            "known": census.digest(census.known_pairs()),
            "seen": census.digest(census.seen_pairs()),
            "live": census.digest(census.live_pairs()),
        }
