"""What the warehouse had before a walk, and what the walk showed: one census for each walk.

Both sides are kept in tables until the walk is over, so that a walk which takes many runs is
still held against what was known before its first request.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pendulum

from pipelines.warehouse import Cursor, Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection
from sources.clio_http.misfits import NO_KEY, key_sql

STORED_HASH = "t._row_hash"
OF_WALK = "source = $1 and resource = $2 and walk = $3"
OF_WALK_OF = "{0}.source = $1 and {0}.resource = $2 and {0}.walk = $3"
KNOWN = f"{OF_WALK} and brought is not true"
"""Rows that were stored before the walk; `brought` are those that a run of it stored and then
died: the walk must show them too, and to find them was its doing."""
NOTED = f"select key from meta.census_known where {OF_WALK}"
SHOWN = f"select key from meta.census_seen where {OF_WALK}"
BURIED = (
    "select record_id from meta.tombstones"
    " where source = $1 and resource = $2 and revived_at is null"
)


@dataclass(frozen=True)
class SnapshotComparison:
    """How many rows each side had, and how they differ. `blind`: some row could not be told."""

    known: int
    seen: int
    missing: int
    stale: int
    blind: bool


def clear(warehouse: Warehouse, source: str, walk: str, resources: Iterable[str]) -> None:
    """Forget both sides of some walks."""
    for table in ("census_known", "census_seen"):
        warehouse.rows(
            f"delete from meta.{table} where source = $1 and walk = $2"
            " and list_contains($3, resource)",
            [source, walk, list(resources)],
        )


def passed(key: str) -> str:
    """Return the condition that a sweep which was put down is past the place of a row.

    Parameters 1, 2 and 4 are source, resource and the number of its lists. Where the lists do not
    tell, the row counts as one that is still to come.
    """
    return (
        "coalesce((select list_index >= $4 or"
        f" (list_index = $4 - 1 and try_cast({key} as bigint) <= after_id) from meta.sweeps"
        " where source = $1 and resource = $2), false)"
    )


def keep_stored(cursor: Cursor, source: str, resource: str, walk: str, lists: int) -> None:
    """Note what a load showed and stored while `walk` was put down: it is no finding of the walk.

    Of a row that the walk has shown, this is a newer reading. One that is still to come is known
    from now on: should the walk pass its place and not show it, then it is absent. One that came
    in behind the walk is none of its business. Never does a load show a row for the walk.
    """
    of_walk = [source, resource, walk]
    cursor.execute(
        "create or replace temp table loaded as"
        " select key, arg_max(row_hash, turn) as row_hash, arg_max(row_hash is null, turn) as odd"
        " from pairs group by key"
    )
    seen = f"select key, arg_max(row_hash, turn) as row_hash from meta.census_seen where {OF_WALK}"
    cursor.execute(
        "update meta.census_known k set row_hash = l.row_hash from loaded l"
        f" left join ({seen} group by key) s on s.key = l.key"
        f" where {OF_WALK_OF.format('k')} and k.key = l.key and not l.odd"
        " and (s.key is null or k.row_hash = s.row_hash)",
        of_walk,
    )
    cursor.execute(
        "insert into meta.census_known by name"
        " select $1 as source, $2 as resource, $3 as walk, key, row_hash from loaded"
        f" where not odd and not {passed('key')}"
        f" and key not in ({NOTED})"
        f" and key not in ({SHOWN})",
        [*of_walk, lists],
    )
    cursor.execute(
        "update meta.census_seen s set row_hash = case when l.odd then null else l.row_hash end"
        f" from loaded l where {OF_WALK_OF.format('s')} and s.key = l.key",
        of_walk,
    )
    cursor.execute("drop table loaded")


def live_rows(warehouse: Warehouse, source: str, collection: Collection) -> int:
    """Count the rows of a collection that are stored and not marked as deleted."""
    if not warehouse.columns(f"raw_{source}", collection.name):
        return 0
    return Census(warehouse, source, collection, "load").live()


def some_key(warehouse: Warehouse, source: str, collection: Collection) -> object | None:
    """Return the key of one live row, the newest; None where there is none."""
    if not warehouse.columns(f"raw_{source}", collection.name):
        return None
    key = key_sql(collection, "t")
    found = warehouse.rows(
        f"select {key} from {quoted('raw_' + source)}.{quoted(collection.name)} t"
        f" where {key} not in ({BURIED}) order by t._synced_at desc, {key} limit 1",
        [source, collection.name],
    )
    return found[0][0] if found else None


@dataclass
class Census:
    """The census of one collection's walk; `walk` names what it is for: `load` or `sweep`.

    `content` is the SQL of the content hash of a stored row: with it the hash that stands beside
    the row is not believed.
    """

    warehouse: Warehouse
    source: str
    collection: Collection
    walk: str
    content: str = STORED_HASH

    def __post_init__(self) -> None:
        """Take what is counted; nothing is read yet."""
        self.of_walk = [self.source, self.collection.name, self.walk]
        self.raw = f"{quoted('raw_' + self.source)}.{quoted(self.collection.name)}"
        self._key = key_sql(self.collection, "t")

    def begin(self, parents: Sequence[str] | None = None) -> None:
        """Note every live row that is stored, before the walk's first request.

        Of a child collection only the rows of the `parents` whose lists are to be read. An
        earlier census of the same walk was cleared, and the raw table is there.
        """
        if self.content != STORED_HASH:
            # the walk is held against the hash: of a row that was altered here it must tell
            self.warehouse.rows(
                f"update {self.raw} t set _row_hash = {self.content}"
                f" where t._row_hash is distinct from {self.content}"
            )
        parent = "null"
        if self.collection.parent is not None:
            parent = f"t.{quoted(self.collection.parent.column)}::varchar"
        where = "" if parents is None else f" and list_contains($4, {parent})"
        given = [] if parents is None else [list(parents)]
        self.warehouse.rows(
            "insert into meta.census_known (source, resource, walk, key, row_hash, parent)"
            f" select $1, $2, $3, {self._key}, t._row_hash, {parent}"
            f" from {self.raw} t where {self._key} not in ({BURIED}){where}",
            [*self.of_walk, *given],
        )

    def go_on(self, *, anew: bool) -> None:
        """Go on with a walk that was put down, or `anew` from its first page.

        What was known before it, and with which content, stays. Rows that are stored, that nobody
        has noted and whose place is still to come were brought by a run of the walk that died.
        """
        if anew:
            self.warehouse.rows(f"delete from meta.census_seen where {OF_WALK}", self.of_walk)
        key = self._key
        to_come = "" if anew else f"and not {passed(key)}"
        lists = [] if anew else [len(self.collection.variants)]
        self.warehouse.rows(
            "insert into meta.census_known by name select $1 as source, $2 as resource,"
            f" $3 as walk, {key} as key, t._row_hash as row_hash, true as brought"
            f" from {self.raw} t where {key} not in ({BURIED}) {to_come}"
            f" and {key} not in ({NOTED})"
            f" and {key} not in ({SHOWN})",
            [*self.of_walk, *lists],
        )

    def absent(self, parents: Sequence[str] | None = None) -> list[str]:
        """Name the known rows that the walk did not show and that are not buried since.

        Of a list that records leave without being deleted none: not to be shown says nothing. Of
        a child collection only those of `parents`, whose lists were read to the end.
        """
        if self.collection.leaves:
            return []
        where = "" if parents is None else " and list_contains($4, parent)"
        given = [] if parents is None else [list(parents)]
        found = self.warehouse.rows(
            f"select key from meta.census_known where {OF_WALK}{where} and key not in"
            f" ({SHOWN}) and key not in ({BURIED})"
            " order by try_cast(key as bigint), key",
            [*self.of_walk, *given],
        )
        return [key for (key,) in found]

    def _count(self, query: str) -> int:
        ((rows,),) = self.warehouse.rows(f"select count(*) from ({query})", self.of_walk)
        return int(rows)

    def ghosts(self) -> int:
        """Count the known rows that the walk did not show and that are marked as deleted since."""
        return self._count(
            f"select key from meta.census_known where {KNOWN} and key not in"
            f" ({SHOWN}) and key in ({BURIED})"
        )

    def compare(self) -> SnapshotComparison:
        """Hold the two sides against each other."""
        ((known, seen, missing, stale, blind),) = self.warehouse.rows(
            f"with k as ({self.known_pairs()}), s as ({self.seen_pairs()})"
            " select count(k.key), count(s.key), count(*) filter (k.key is null),"
            " count(*) filter (k.row_hash is distinct from s.row_hash"
            " and k.key is not null and s.key is not null),"
            f" coalesce(bool_or(s.key = '{NO_KEY}'), false) from k full join s on k.key = s.key",
            self.of_walk,
        )
        return SnapshotComparison(known, seen, missing, stale, blind)

    def parents(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the parent of each of some known rows of a child collection."""
        found = self.warehouse.rows(
            f"select key, parent from meta.census_known where {OF_WALK}"
            " and list_contains($4, key) and parent is not null",
            [*self.of_walk, list(keys)],
        )
        return dict(found)

    def live(self) -> int:
        """Count the rows that are stored and not marked as deleted."""
        return self._count(self._live(STORED_HASH))

    def of_parents(self, parents: Sequence[str]) -> list[str]:
        """Name the live rows that some parents own."""
        column = self.collection.parent.column if self.collection.parent else ""
        found = self.warehouse.rows(
            f"select {self._key} from {self.raw} t"
            f" where list_contains($3, t.{quoted(column)}::varchar)"
            f" and {self._key} not in ({BURIED})",
            [*self.of_walk[:2], list(parents)],
        )
        return [key for (key,) in found]

    def healed(self) -> int:
        """Count the rows that were missing or stale and are now stored as the walk showed them."""
        return self._count(
            f"select s.key from ({self.seen_pairs()}) s join ({self._live(STORED_HASH)}) l"
            " on l.key = s.key and l.row_hash = s.row_hash"
            f" left join ({self.known_pairs()}) k on k.key = s.key"
            " where k.row_hash is distinct from s.row_hash"
        )

    def digest(self, pairs: str) -> tuple[int, str]:
        """Count (key, content hash) pairs and give the SHA-256 over all of them, in order.

        Rows that the walk showed and that do not fit are counted, and nothing is said of their
        content: it is kept out, whatever is stored of it.
        """
        ((rows, digest),) = self.warehouse.rows(
            f"with pairs as ({pairs}), parts as (select substr(md5(key), 1, 2) as part,"
            " count(*) as n, sha256(string_agg(key || ':' || coalesce(row_hash, '-'), ';'"
            f" order by key) filter (key not in ({self._unfit()}))) as digest"
            " from pairs group by part)"
            " select coalesce(sum(n), 0), sha256(coalesce(string_agg(part || digest, ';'"
            " order by part), '')) from parts",
            self.of_walk,
        )
        return int(rows), str(digest)

    def unfit(self) -> int:
        """Count the rows that the walk showed and that do not fit."""
        return self._count(self._unfit())

    def _unfit(self) -> str:
        """Return the query of the rows that the walk showed last as what does not fit."""
        return f"select key from ({self.seen_pairs()}) where row_hash = ''"

    def known_pairs(self) -> str:
        """Return the query of what was stored before the walk."""
        return f"select key, row_hash from meta.census_known where {KNOWN}"

    def parts(self) -> list[tuple[pendulum.DateTime | None, int]]:
        """Return the runs in which the walk read its rows: server time at the start, and rows."""
        return self.warehouse.rows(
            "select read_at, count(*) from (select arg_max(read_at, turn) as read_at"
            f" from meta.census_seen where {OF_WALK} group by key) group by 1 order by 1",
            self.of_walk,
        )

    def seen_pairs(self) -> str:
        """Return the query of what the walk showed, the last reading of each key."""
        return (
            "select key, arg_max(row_hash, turn) as row_hash from"
            " (select key, coalesce(row_hash, '') as row_hash, turn from meta.census_seen"
            f" where {OF_WALK}) group by key"
        )

    def live_pairs(self) -> str:
        """Return the query of what is stored and not marked as deleted, as far as the walk goes.

        What a load brought behind the place that the walk had reached is not held against it. Of
        a list that records leave without being deleted there is only what the walk showed.
        """
        key = self._key
        return f"{self._live(self.content)} and ({key} in ({NOTED}) or {key} in ({SHOWN}))"

    def _live(self, content: str) -> str:
        key = self._key
        which = f"{key} in ({SHOWN})" if self.collection.leaves else "$3 is not null"
        return (
            f"select {key} as key, {content} as row_hash from {self.raw} t"
            f" where {key} not in ({BURIED}) and {which}"
        )
