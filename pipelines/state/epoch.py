"""Which warehouse this is: of which version, and did it go back?

The tables of `meta` are made by the numbered files of `sql/meta`, in order, and the number of the
last one stands in `meta.versions`. An older clio-sync refuses a warehouse with a greater number.
Changes to what is stored of a product are noted in `meta.migrations`.

The count of loads is kept in a file beside the warehouse as well. A restored copy and a lost
write-ahead log look alike from within: the warehouse opens, and its newest commits are not there.
Reading then goes on from the warehouse's own watermarks. They are older, hence safe; those in the
file are never read from.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pendulum

from pipelines.errors.local import in_words
from pipelines.files import replace_durably
from pipelines.release import SCHEMA, release
from pipelines.sql_folder import sql_folder
from pipelines.warehouse import Warehouse, moment, moments, utc

FILE = "epoch.json"
META, VERSIONS = "meta", "meta.versions"

UNKNOWN = (
    "epoch.json {state}, so nobody can tell whether the warehouse went back. It is written anew,"
    " and reading goes on from what the warehouse knows. If you restored a backup or lost a"
    " file, run clio-sync sweep."
)
WENT_BACK = (
    "The warehouse is not the one of the last load ({reason}): another one was put in its"
    " place, or its write-ahead log was lost. What it holds is safe, and nothing is skipped:"
    " reading goes on from its own, older watermarks. Run clio-sync sweep afterwards, to prove"
    " that nothing is missing."
)


@dataclass(frozen=True)
class Epoch:
    """What is known of a warehouse's loads. `watermarks` are named `clio_manage.matters`."""

    load_seq: int
    warehouse_id: str
    at: pendulum.DateTime | None = None
    watermarks: Mapping[str, pendulum.DateTime] = field(default_factory=dict)


@dataclass(frozen=True)
class Regression:
    """A warehouse that had gone back, as `meta.regressions` keeps it."""

    seen_at: pendulum.DateTime
    run_id: str
    reason: str
    epoch_seq: int
    warehouse_seq: int

    def __str__(self) -> str:
        """Say when it was seen, and in what the warehouse had gone back."""
        return f"{self.seen_at.in_timezone('UTC').format('YYYY-MM-DD HH:mm:ss')} ({self.reason})"

    @property
    def raised_to(self) -> int:
        """Return the load number that the warehouse went on from."""
        return max(self.epoch_seq, self.warehouse_seq) + 1


class UnreadableEpochError(ValueError):
    """The epoch file is not what was written."""


def went_back(beside: Epoch, inside: Epoch) -> str:
    """Say how the warehouse differs from its last load's, by the file; empty if it does not.

    A warehouse that is one load ahead was killed before the file was written: all is well, even
    where that load set a watermark anew.
    """
    if inside.warehouse_id != beside.warehouse_id:
        return "another warehouse"
    if inside.load_seq < beside.load_seq:
        return f"load {inside.load_seq} instead of {beside.load_seq}"
    if inside.load_seq == beside.load_seq + 1:
        return ""
    older = sorted(
        name
        for name, mark in beside.watermarks.items()
        if name not in inside.watermarks or inside.watermarks[name] < mark
    )
    return f"older watermark of {older[0]}" if older else ""


def check_epoch(warehouse: Warehouse, folder: Path, now: pendulum.DateTime, run_id: str) -> str:
    """Compare the warehouse with the file beside it; give a note for the user, or nothing.

    A warehouse that went back is noted in it and its load number raised above the file's, in one
    transaction; then the file is written. So the alarm is raised once, and no number comes twice.

    Raises:
        StorageError: the file could not be written.

    """
    migrate(warehouse)
    inside = epoch_inside(warehouse)
    try:
        beside = epoch_beside(folder)
    except UnreadableEpochError:
        return _unknown(warehouse, folder, inside, "cannot be read")
    if beside is None:
        return _unknown(warehouse, folder, inside, "is missing")
    last = last_regression(warehouse)
    if last is None or (last.epoch_seq, last.raised_to) != (beside.load_seq, inside.load_seq):
        reason = went_back(beside, inside)
        last = Regression(now, run_id, reason, beside.load_seq, inside.load_seq) if reason else None
        if last:
            _note(warehouse, last)
    # otherwise the run that noted it died before it came to the file
    if last or inside.load_seq != beside.load_seq:
        write_epoch(warehouse, folder)
    return WENT_BACK.format(reason=last.reason) if last else ""


def _unknown(warehouse: Warehouse, folder: Path, inside: Epoch, state: str) -> str:
    if not inside.load_seq:
        return ""  # a new warehouse: its first load writes the file
    warehouse.rows("delete from meta.sweeps")
    write_epoch(warehouse, folder)
    return UNKNOWN.format(state=state)


def _note(warehouse: Warehouse, seen: Regression) -> None:
    with warehouse.transaction():
        warehouse.rows("update meta.epoch set load_seq = $1", [seen.raised_to])
        warehouse.rows("delete from meta.sweeps")  # a walk of then proves nothing of now
        warehouse.rows(
            "insert into meta.regressions (seen_at, run_id, reason, epoch_seq, warehouse_seq)"
            " values ($1, $2, $3, $4, $5)",
            list(vars(seen).values()),
        )


def last_regression(warehouse: Warehouse) -> Regression | None:
    """Return the newest regression that the warehouse knows of."""
    if not warehouse.columns("meta", "regressions"):
        return None
    found = warehouse.rows(
        "select seen_at, run_id, reason, epoch_seq, warehouse_seq from meta.regressions"
        " where seen_at is not null order by seen_at desc, epoch_seq desc limit 1"
    )
    return Regression(*moments(found[0])) if found else None


def epoch_inside(warehouse: Warehouse) -> Epoch:
    """Read the epoch from the warehouse."""
    ((load_seq, warehouse_id, at),) = warehouse.rows(
        'select load_seq, warehouse_id, "at" from meta.epoch'
    )
    marks = warehouse.rows(
        "select source || '.' || resource, watermark from meta.watermarks"
        " where watermark is not null"
    )
    return Epoch(load_seq, warehouse_id, moment(at), {name: utc(mark) for name, mark in marks})


def epoch_beside(folder: Path) -> Epoch | None:
    """Read the epoch from the file beside the warehouse; None if there is none.

    Raises:
        UnreadableEpochError: the file is not what was written.

    """
    try:
        read = json.loads((folder / FILE).read_text("utf-8"))
        marks = {str(name): _moment(text) for name, text in read["watermarks"].items()}
        return Epoch(int(read["load_seq"]), str(read["warehouse_id"]), _moment(read["at"]), marks)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise UnreadableEpochError from None


def _moment(text: str) -> pendulum.DateTime:
    read = pendulum.parse(text)
    if not isinstance(read, pendulum.DateTime):
        raise TypeError
    return read


def write_epoch(warehouse: Warehouse, folder: Path) -> None:
    """Write the epoch beside the warehouse, so that a warehouse that went back shows.

    Raises:
        StorageError: the file could not be written; the old one stays.

    """
    text = json.dumps(vars(epoch_inside(warehouse)), default=str)
    with in_words(f"{FILE} could not be written", str(folder)):
        replace_durably(folder / FILE, text)


def migrations(after: int = 0) -> list[str]:
    """Return the SQL of the migrations that come after one, in order."""
    files = sorted((sql_folder() / META).glob("*.sql"))
    return [file.read_text("utf-8") for file in files[after:]]


def migrate(warehouse: Warehouse) -> None:
    """Make the tables of `meta` what they are by now, in one transaction.

    Nothing is asked or read where they are so already. One that is only read stays as it is.
    """
    if warehouse.read_only or warehouse.version == SCHEMA:
        return
    with warehouse.transaction():
        for statements in migrations(warehouse.version):
            warehouse.rows(statements)
        warehouse.rows("delete from meta.versions")
        warehouse.rows("insert into meta.versions values ($1, $2, now())", [SCHEMA, release()])
    warehouse.version = SCHEMA


def is_older(warehouse: Warehouse) -> bool:
    """Tell whether an older clio-sync made the tables of `meta`, and no newer one has come by."""
    return warehouse.version < SCHEMA and bool(warehouse.columns("meta", "epoch"))


def is_done(warehouse: Warehouse, name: str, source: str) -> bool:
    """Tell whether a change was made to what is stored of a product."""
    query = "select 1 from meta.migrations where name = $1 and source = $2"
    return bool(warehouse.rows(query, [name, source]))


def note_done(warehouse: Warehouse, name: str, source: str, at: pendulum.DateTime) -> None:
    """Note that it was; belongs into the transaction that makes it."""
    warehouse.rows("insert into meta.migrations values ($1, $2, $3)", [name, source, at])
