"""Way (c), the limit: the same pages, one httpx client, DuckDB parses and merges; no dlt.

`python -m tests.benchmarks.limit` loads what is new. Nothing is checked and nothing can be
resumed: this is what the machine could do at best, not what should be done.
"""

import duckdb
import httpx
import orjson
import pyarrow as pa

from sources.clio_http.catalog import JSON, Collection

from .questions import FILE, Place, collections, parameters, path

PAGES = 25
TYPES = {"DECIMAL": "DECIMAL(38,18)"}


def quoted(name: str) -> str:
    """Quote an identifier."""
    return f'"{name}"'


def shape(collection: Collection) -> str:
    """Return the shape of a page for `from_json`, every leaf with its type."""
    record: dict[str, str | dict[str, str]] = {}
    for column in collection.columns:
        kind = "JSON" if column.type == JSON else TYPES.get(column.type, column.type)
        if len(column.path) == 1:
            record[column.path[0]] = kind
        else:
            inner = record.setdefault(column.path[0], {})
            if isinstance(inner, dict):
                inner[column.path[1]] = kind
    return orjson.dumps({"data": [record]}).decode()


class Load:
    """Loads one list into one table."""

    def __init__(
        self, store: duckdb.DuckDBPyConnection, http: httpx.Client, of: Collection
    ) -> None:
        """Make the table if there is none, and an empty one of the same columns beside it."""
        self.store = store
        self.http = http
        self.collection = of
        columns = ", ".join(
            f"{quoted(column.name)} {TYPES.get(column.type, column.type)}" for column in of.columns
        )
        store.execute(f"create table if not exists {quoted(of.name)} ({columns})")
        store.execute(f"create temp table staged ({columns})")
        leaves = ", ".join(
            f"r.{'.'.join(map(quoted, column.path))} as {quoted(column.name)}"
            for column in of.columns
        )
        self._insert = (
            f"insert into staged select {leaves} from"
            f" (select unnest(from_json(body, '{shape(of)}').data) as r from pages)"
        )

    def run(self) -> None:
        """Fetch, parse and merge what changed since the last run."""
        mark = self.store.execute(
            f"select max(updated_at)::varchar from {quoted(self.collection.name)}",
        ).fetchall()[0][0]
        asked = parameters(self.collection)
        if mark is not None:
            asked["updated_since"] = mark.replace(" ", "T").replace("+00", "Z")
        pages: list[bytes] = []
        address = path(self.collection)
        while address:
            answer = self.http.get(address, params=asked or None).raise_for_status()
            body = answer.content
            pages.append(body)
            if len(pages) == PAGES:
                self._parse(pages)
                pages = []
            meta = orjson.loads(b"{" + body[body.rindex(b'"meta"') :])["meta"]
            address, asked = meta["paging"].get("next"), {}
        self._parse(pages)
        self._merge()

    def _parse(self, pages: list[bytes]) -> None:
        if pages:
            bodies = pa.array(pages, pa.binary()).cast(pa.string())
            self.store.register("pages", pa.table({"body": bodies}))
            self.store.execute(self._insert)

    def _merge(self) -> None:
        self.store.execute(
            f"merge into {quoted(self.collection.name)} as t using staged as s on t.id = s.id"
            " when matched then update when not matched then insert",
        )
        self.store.execute("drop table staged")


def main() -> None:
    """Load both lists."""
    place = Place.from_environment()
    place.folder.mkdir(parents=True, exist_ok=True)
    store = duckdb.connect(str(place.folder / FILE))
    store.execute("set timezone = 'UTC'")
    with httpx.Client(base_url=place.url, headers=place.headers, trust_env=False) as http:
        for collection in collections():
            Load(store, http, collection).run()
    store.close()


if __name__ == "__main__":
    main()
