"""What is published: numbered files, and the pointer that names the newest whole ones.

A reader takes the name of a snapshot from the pointer and opens that file. Files of a number
never change, so whoever has one open reads one generation, whatever is published meanwhile.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pipelines.errors import WarehouseError
from pipelines.errors.local import NewerFileError, newer
from pipelines.release import SCHEMA
from pipelines.warehouse import Warehouse

from .errors import DamagedSnapshotError, NotPublishedError, PointerError

HOME = "published"
POINTER = "current.json"
SNAPSHOT, PARQUET = "warehouse-{:06}.duckdb", "parquet-{:06}"
STABLE = "warehouse.duckdb"
"""Another name of the newest snapshot, for programs that cannot follow the pointer."""
NUMBERED = re.compile(r"(?:warehouse|parquet)-(\d{6,})(?:\.duckdb)?")
TRIES = 3
"""So often a reader looks at the pointer again when the file that it named is gone."""


@dataclass(frozen=True)
class Published:
    """What the pointer says. Moments are UTC ISO-8601; `models` has the rows of each relation.

    `snapshot` and `parquet` are names within the folder of the pointer. `last_load_at` is when
    the newest complete load ended that is in it, empty if none did; `warnings` counts the checks
    that only warn and found rows; `lacking` names the collections that were never read whole,
    so that figures are empty.
    """

    generation: int
    snapshot: str
    parquet: str
    run_id: str
    published_at: str
    built_at: str
    last_load_at: str
    warnings: int
    models: dict[str, int]
    schema_version: int = 0
    tool_version: str = ""
    lacking: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Return the pointer as it is written."""
        return json.dumps(asdict(self), indent=2) + "\n"


def read_published(data: Path) -> Published:
    """Read the pointer of a data folder.

    Raises:
        NotPublishedError: there is none.
        NewerFileError: a newer clio-sync wrote it.
        PointerError: it is not what was written.

    """
    try:
        said = json.loads((data / HOME / POINTER).read_text("utf-8"))
        # the pointer of a newer clio-sync may say what is not known here
        if (version := int(said.get("schema_version", 0))) > SCHEMA:
            raise NewerFileError(newer(POINTER, version, SCHEMA, str(said.get("tool_version", ""))))
        found = Published(**said)
    except FileNotFoundError:
        raise NotPublishedError from None
    except (OSError, ValueError, TypeError, AttributeError):
        raise PointerError from None
    number = found.generation
    if type(number) is not int or found.snapshot != SNAPSHOT.format(number):
        raise PointerError
    return found


@contextmanager
def opened(data: Path) -> Iterator[tuple[Published, Warehouse]]:
    """Open the newest snapshot of a data folder, to read it.

    Raises:
        NotPublishedError: nothing is published.
        PointerError: the pointer cannot be read, or the file that it names is not there.
        DamagedSnapshotError: the snapshot is damaged.

    """
    try:
        current, snapshot = _open(data)
        with snapshot:
            yield current, snapshot
    except WarehouseError:
        raise DamagedSnapshotError from None


def _open(data: Path) -> tuple[Published, Warehouse]:
    for _ in range(TRIES):
        current = read_published(data)
        # between the two, so much may be published that this file is not among those kept
        try:
            return current, Warehouse(data / HOME, read_only=True, file=current.snapshot)
        except WarehouseError:
            if (data / HOME / current.snapshot).exists():
                raise
    message = "the snapshot that current.json names is not there"
    raise PointerError(message)


def generations(home: Path) -> dict[int, list[Path]]:
    """Return the files and folders of each number, published or not."""
    found: dict[int, list[Path]] = {}
    for path in home.iterdir():
        if named := NUMBERED.fullmatch(path.name):
            found.setdefault(int(named[1]), []).append(path)
    return found
