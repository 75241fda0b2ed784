"""Staging views that only rename and cast, made of `staging.toml` and the catalogue."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sources.clio_http.catalog import ARRAY, Collection, read_catalog

FILE = "staging.toml"
CASTS = {
    "BOOLEAN": "coalesce({}, false)",
    "DECIMAL": "cast({} as decimal(18, 2))",
    "DOUBLE": "cast({} as decimal(18, 4))",
}
"""What becomes of a raw column, by its type in the catalogue; others stay as they are."""
ELEMENT_CASTS = {
    "BIGINT": "cast({} as bigint)",
    "BOOLEAN": "cast({} as boolean)",
    "DECIMAL": "cast({} as decimal(18, 2))",
    "TIMESTAMPTZ": "cast({} as timestamptz)",
}
"""The same for the text of a value in an array's element."""
COPIES = {"daily": ("day", "balance_date"), "versions": ("_replaced_at", "replaced_at")}
"""Ends of the names of raw tables with copies: the column that tells copies apart, its new name."""
DELETED = {
    "deleted": " or coalesce(source.deleted, false)",
    "deleted_at": " or source.deleted_at is not null",
}
"""What marks a record as deleted besides a tombstone, by the catalogue's deletion marker."""
LOCAL_DAY = "cast(timezone(build.time_zone, source.{}) as date)"
VIEW = """\
{header}
with source as (
    {source}
),

{before}renamed as (
    select
        {columns}
    from source{joins}
)

select * from renamed
"""
BUILD, BUILD_JOIN = "build as (\n    select * from meta.build\n),\n\n", "\n    cross join build"
TOMBSTONES = """\
tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = '{}' and resource = '{}'
),

"""
TOMBSTONES_JOIN = "\n    left join tombstones on tombstones.record_id = cast(source.id as varchar)"
RECORDS, ELEMENTS = "select * from {}", "select\n        {}\n    from {}"
NEXT = ",\n        "


def staging_models(folder: Path) -> dict[str, str]:
    """Return the views that a folder's `staging.toml` describes, by path such as `staging/x.sql`.

    Each has a table there. `of` is its raw table, with a point and an array to be unnested; by
    default the one of its own name. `key` is how it calls the id, `columns` are fields of the
    catalogue and `computed` expressions over `source`, by the name of the column. Without `as` a
    boolean is called `is_…`, and `…_date`, where it is no field, is the local day of `…_at`.
    """
    path = folder / FILE
    described = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    return {
        f"staging/stg_{source.removeprefix('clio_')}__{name}.sql": _text(source, name, view)
        for source, views in described.items()
        for name, view in views.items()
    }


def _text(source: str, name: str, view: Mapping[str, Any]) -> str:
    table, _, array = view.get("of", name).partition(".")
    resource, _, copies = table.partition("__")
    loaded, key = read_catalog(source).loaded, view["key"]
    collection = loaded.get(table) or loaded[resource]
    copy, copied = COPIES.get(copies, ("", ""))
    header = "\n".join(f"-- {line}" for line in _header(view, array, copied))
    if array:
        chosen = [f"id as {key}", f"unnest(cast({array} as json[])) as element"]
        columns = [key, *_elements(collection, array, view)]
        if copied:
            chosen.insert(1, f"{copy} as {copied}")
            columns.insert(1, copied)
        query = ELEMENTS.format(NEXT.join(chosen), f"raw_{source}.{table}")
        text = NEXT.join(columns)
        return VIEW.format(header=header, source=query, before="", columns=text, joins="")
    columns = [f"source.id as {key}", *_columns(collection, view)]
    before = joins = ""
    if copied:
        columns.append(f"source.{copy} as {copied}")
    elif table not in read_catalog(source).singletons:
        marked = DELETED.get(collection.deletion_marker, "")
        columns.append(f"tombstones.record_id is not null{marked} as is_deleted")
        before, joins = TOMBSTONES.format(source, table), TOMBSTONES_JOIN
    if any("build." in column for column in columns):
        before, joins = before + BUILD, BUILD_JOIN + joins
    text = NEXT.join([*columns, "source._synced_at as _loaded_at"])
    query = RECORDS.format(f"raw_{source}.{table}")
    return VIEW.format(header=header, source=query, before=before, columns=text, joins=joins)


def _header(view: Mapping[str, Any], array: str, copied: str) -> Iterator[str]:
    """Yield what the view is and what is tested; an array's `unique` is told or in the grain."""
    identity = f"{view['key']}, {copied}" if copied else view["key"]
    yield f"grain: {view['grain']}"
    yield "materialized: view"
    yield view["description"]
    if unique := view.get("unique", "" if array else identity):
        yield f"unique: {unique}"
    yield f"not_null: {view.get('not_null', view['key'] if array else identity)}"
    yield from (f"accepted: {accepted}" for accepted in view.get("accepted", ()))


def _columns(collection: Collection, view: Mapping[str, Any]) -> Iterator[str]:
    """Yield the columns of a view with a row for each row of the raw table."""
    kinds = {column.name: column.type for column in collection.columns}
    computed = view.get("computed", {})
    for path, given in _listed(view):
        field, name = path.replace(".", "__"), given or path.replace(".", "_")
        moment = f"{field.removesuffix('_date')}_at"
        if name in computed:
            yield f"{computed[name]} as {name}"
        elif field not in kinds and moment in kinds:
            yield f"{LOCAL_DAY.format(moment)} as {name}"
        else:
            prefix = "is_" if kinds.get(field) == "BOOLEAN" and not given else ""
            name = prefix + name.removeprefix(prefix)
            value = CASTS.get(kinds.get(field, ""), "{}").format(f"source.{field}")
            yield value if value == f"source.{name}" else f"{value} as {name}"


def _elements(collection: Collection, array: str, view: Mapping[str, Any]) -> Iterator[str]:
    """Yield the columns of a view with a row for each element of an array."""
    fields = {field.name: dict(field.sub) for field in collection.fields if field.type == ARRAY}
    for path, name in _listed(view):
        kind = fields[array].get(path, "BIGINT" if path.endswith(".id") else "")
        value = ELEMENT_CASTS.get(kind, "{}").format(f"element ->> '$.{path}'")
        yield f"{value} as {name or path.replace('.', '_')}"


def _listed(view: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the path of each field that `columns` lists, and its name if it gets another."""
    for column in view["columns"].split(","):
        path, _, name = " ".join(column.split()).partition(" as ")
        yield path, name
