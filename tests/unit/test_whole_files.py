"""A file that was cut since its size was noted is told from one that a run changed."""

from pathlib import Path

import pytest

from pipelines.errors import WarehouseError
from pipelines.files import cut, seal
from pipelines.warehouse import FILE, HEADER, LOG_BEGINS, Warehouse, demand_whole


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file that is as long as a warehouse's header and somewhat more, with its size."""
    path = tmp_path / FILE
    path.write_bytes(b"h" * HEADER + b"x" * 5000)
    seal(path, HEADER)
    return path


def test_cut_file(path: Path) -> None:
    """One byte less under the same header is a cut, which no reading may pass over."""
    demand_whole(path)
    path.write_bytes(path.read_bytes()[:-1])
    assert cut(path, HEADER) == "it has 17,287 bytes instead of 17,288"
    with pytest.raises(WarehouseError, match="17,287 bytes") as raised:
        demand_whole(path)
    assert raised.value.exit_code == 7


@pytest.mark.parametrize(
    "content",
    [
        b"h" * HEADER + b"x" * 6000,
        b"g" + b"h" * (HEADER - 1),
        b"h" * HEADER + b"x" * 5000,
    ],
    ids=["longer", "another header", "as it was"],
)
def test_file_that_was_not_cut(path: Path, content: bytes) -> None:
    """A longer file, and a shorter one that a checkpoint or a restored copy gave another header,
    are as whole as they ever were.
    """
    path.write_bytes(content)
    demand_whole(path)


@pytest.mark.parametrize("noted", ["", "[]", '{"size": null}', '{"size": "x", "header": 1}'])
def test_note_that_cannot_be_read(path: Path, noted: str) -> None:
    """Without a note that can be read nobody can tell, and nothing is refused."""
    path.write_bytes(b"")
    path.with_name(FILE + ".size").write_text(noted, "utf-8")
    demand_whole(path)


def test_warehouse_notes_its_size(tmp_path: Path) -> None:
    """Whoever wrote into a warehouse notes its size as it is closed; who only reads does not."""
    with Warehouse(tmp_path) as warehouse:
        warehouse.rows("create table a as select range from range(200000)")
        warehouse.checkpoint()
    noted = tmp_path / (FILE + ".size")
    assert noted.exists()
    noted.unlink()
    with Warehouse(tmp_path, read_only=True) as warehouse:
        assert warehouse.rows("select count(*) from a") == [(200_000,)]
    assert not noted.exists()


@pytest.mark.parametrize(
    ("begins", "damaged"),
    [
        (b"", False),
        (LOG_BEGINS[:2], False),
        (LOG_BEGINS + b"\x02more", False),
        (bytes(4096), False),
        (b"not a log", True),
        (b"\x00\x00not a log", True),
    ],
)
def test_log(path: Path, begins: bytes, *, damaged: bool) -> None:
    """A log that a crash or a power cut left is none of damage: empty, begun, or still zeros."""
    path.with_name(FILE + ".wal").write_bytes(begins)
    if damaged:
        with pytest.raises(WarehouseError, match="write-ahead log"):
            demand_whole(path)
    else:
        demand_whole(path)
