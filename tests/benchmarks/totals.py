"""What a warehouse holds: rows of both tables, and money in cents.

`python -m tests.benchmarks.totals` prints one line of JSON. It is a process of its own so that
the memory of the measuring process stays small: a child's peak begins with its parent's.
"""

import sys

import duckdb
import orjson

from .questions import FILE, NAMES, Place


def main() -> None:
    """Print the totals."""
    place = Place.from_environment()
    store = duckdb.connect(str(place.folder / FILE), read_only=True)
    found: dict[str, int] = {}
    for name in NAMES:
        schemas = store.execute(
            "select schema_name from duckdb_tables() where table_name = $1"
            " and schema_name not like '%staging%' and not temporary",
            [name],
        ).fetchall()
        ((schema,),) = schemas
        table = f'"{schema}"."{name}"'
        query = f"select count(*), count(distinct id) from {table}"
        ((rows, keys),) = store.execute(query).fetchall()
        found |= {f"{name}.rows": rows, f"{name}.keys": keys}
        if name == "activities":
            query = f"select sum(round(total * 100)::bigint) from {table}"
            found["activities.total"] = int(store.execute(query).fetchall()[0][0])
    sys.stdout.write(orjson.dumps(found).decode() + "\n")


if __name__ == "__main__":
    main()
