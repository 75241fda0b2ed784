"""What a backup says of itself: its files with their sums, its tables with their digests.

Two copies of a warehouse are compared by what stands in them, table by table.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import DamagedBackupError, NoBackupError, NotABackupError
from pipelines.files import replace_durably
from pipelines.state import epoch
from pipelines.warehouse import FILE, Warehouse
from sources.clio_http.casts import quoted

FORMAT = 1
MANIFEST = "manifest.json"
SUM = "manifest.sha256"
"""The sum of the manifest, as `sha256sum -c` reads it."""
LEDGER = "ledger.sqlite"
FILES = (FILE, epoch.FILE, "mask.key", LEDGER)
"""Every file that a backup may hold, beside the plans. Tokens are not among them."""
PLANS = "plans"
PLAN = re.compile(rf"{PLANS}/[0-9a-f]{{12}}\.json")
STAMP = "YYYYMMDD[T]HHmmss[Z]"
STAMPED = re.compile(r"\d{8}T\d{6}Z(-\d+)?")
TABLES = """
select t.schema_name, t.table_name,
    list(c.column_name order by c.column_index), list(c.data_type order by c.column_index)
from duckdb_tables() t
join duckdb_columns() c using (database_oid, schema_oid, table_oid)
where t.database_name = current_database() and not t.internal and not t.temporary
group by all order by all
"""


@dataclass(frozen=True)
class FileSum:
    """A file's size in bytes and its SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class TableSum:
    """How many rows a table has, and a digest of them that does not depend on their order."""

    schema: str
    table: str
    rows: int
    digest: str

    @property
    def name(self) -> str:
        """Return the full name."""
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True)
class Manifest:
    """What was copied, when, of which warehouse. Moments are UTC in ISO-8601."""

    tool_version: str
    created_at: str
    warehouse_id: str
    load_seq: int
    files: tuple[FileSum, ...]
    tables: tuple[TableSum, ...]

    def results(self, backup: Path) -> Iterator[dict[str, Any]]:
        """Yield one object for each file and table."""
        for file in self.files:
            sizes = {"size": file.size, "rows": None, "digest": file.sha256}
            yield {"backup": str(backup), "kind": "file", "name": file.name, **sizes}
        for table in self.tables:
            sizes = {"size": None, "rows": table.rows, "digest": table.digest}
            yield {"backup": str(backup), "kind": "table", "name": table.name, **sizes}

    def counts(self) -> str:
        """Say how much is in the backup."""
        size = sum(file.size for file in self.files) / 1e6
        rows = sum(table.rows for table in self.tables)
        return f"{len(self.files)} files ({size:,.1f} MB), {len(self.tables)} tables, {rows:,} rows"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest and its own sum into a backup.

    Raises:
        OSError: it could not be written.

    """
    text = json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1) + "\n"
    replace_durably(folder / MANIFEST, text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    replace_durably(folder / SUM, f"{digest}  {MANIFEST}\n")


def read_manifest(folder: Path) -> Manifest:
    """Read what a backup says of itself.

    Raises:
        NotABackupError: there is no manifest.
        DamagedBackupError: the manifest is not what was written.

    """
    try:
        text = (folder / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if STAMPED.fullmatch(folder.name) and folder.is_dir():
            message = f"{MANIFEST} is missing"
            raise DamagedBackupError(message) from None
        raise NotABackupError from None
    except OSError as error:
        message = f"{MANIFEST} cannot be read ({error.strerror})"
        raise DamagedBackupError(message) from None
    wanted = f"{hashlib.sha256(text).hexdigest()}  {MANIFEST}\n"
    try:
        said = (folder / SUM).read_bytes()
    except OSError as error:
        message = f"{SUM} cannot be read ({error.strerror})"
        raise DamagedBackupError(message) from None
    if said != wanted.encode():
        message = f"{MANIFEST} is not what was written: its sum is not the one in {SUM}"
        raise DamagedBackupError(message)
    return _parsed(text)


def _parsed(text: bytes) -> Manifest:
    try:
        read = json.loads(text)
        given = read.pop("format")
        files = tuple(FileSum(**file) for file in read.pop("files"))
        tables = tuple(TableSum(**table) for table in read.pop("tables"))
        manifest = Manifest(files=files, tables=tables, **read)
    except (ValueError, TypeError, KeyError, AttributeError):
        message = f"{MANIFEST} holds something else than a manifest"
        raise DamagedBackupError(message) from None
    names = {file.name for file in manifest.files}
    others = [name for name in names - set(FILES) if not PLAN.fullmatch(name)]
    if given != FORMAT or FILE not in names or others:
        message = f"{MANIFEST} is of a format that this clio-sync does not know"
        raise DamagedBackupError(message)
    return manifest


def newest(home: Path) -> Path:
    """Return the newest backup of a folder of backups.

    Raises:
        NoBackupError: there is none.

    """
    found = sorted(path for path in home.glob("*") if STAMPED.fullmatch(path.name))
    if not found:
        raise NoBackupError
    return found[-1]


def table_sums(warehouse: Warehouse, go_on: Callable[[], None]) -> tuple[TableSum, ...]:
    """Count and digest every table of every schema; `go_on` is called before each."""
    sums = []
    for schema, table, names, kinds in warehouse.rows(TABLES):
        go_on()
        sums.append(_table_sum(warehouse, schema, table, list(zip(names, kinds, strict=True))))
    return tuple(sums)


def _table_sum(
    warehouse: Warehouse, schema: str, table: str, columns: Sequence[tuple[str, str]]
) -> TableSum:
    """Add up the MD5 of every row, in halves: a sum does not depend on the order of its terms."""
    row = f"concat({', '.join(_text(name, kind) for name, kind in columns)})"
    query = (
        "select count(*), coalesce(sum(md5_number_lower(r)), 0),"
        " coalesce(sum(md5_number_upper(r)), 0)"
        f" from (select {row} as r from {quoted(schema)}.{quoted(table)})"
    )
    ((rows, lower, upper),) = warehouse.rows(query)
    whole = repr((list(columns), int(rows), int(lower), int(upper)))
    return TableSum(schema, table, int(rows), hashlib.sha256(whole.encode()).hexdigest())


def _text(name: str, kind: str) -> str:
    """Return the SQL of a value's text with its length, so that no two rows have the same text."""
    column = quoted(name)
    text = f"{column}::varchar"
    if kind == "TIMESTAMP WITH TIME ZONE":
        text = f"epoch_us({column})::varchar"
    return f"coalesce(strlen({text}) || ':' || {text}, '-')"
