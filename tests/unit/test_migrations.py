"""The tables of `meta`: made by numbered files, all or none of them, and once."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.release import SCHEMA
from pipelines.sql_folder import sql_folder
from pipelines.state import epoch
from pipelines.state.epoch import is_older, migrate
from pipelines.state.runs import Meta
from pipelines.warehouse import Warehouse
from tests.conftest import ROOT

MADE = re.compile(r"(create|alter|drop)\s[^\"']*\b(schema|table)\b[^\"']*\bmeta\b")


class Listening(Warehouse):
    """A warehouse that keeps what it is asked."""

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Keep a query and run it."""
        self.asked = [*getattr(self, "asked", []), query]
        return super().rows(query, parameters)


def test_numbers_have_no_gap() -> None:
    """Files are numbered from 1 to the version that this clio-sync knows."""
    names = sorted(path.name for path in (sql_folder() / "meta").iterdir())
    assert [name[:4] for name in names] == [f"{n:03}_" for n in range(1, SCHEMA + 1)]


def test_no_table_of_meta_is_made_elsewhere() -> None:
    """Python makes, changes and drops none."""
    files = {str(path.relative_to(ROOT)): path for path in (ROOT / "pipelines").rglob("*.py")}
    texts = {name: path.read_text("utf-8") for name, path in files.items()}
    assert [name for name, text in texts.items() if MADE.search(text)] == []


def test_a_new_warehouse_is_of_now(tmp_path: Path) -> None:
    """It gets every table, its version and an id of its own."""
    with Warehouse(tmp_path) as warehouse:
        assert (warehouse.version, is_older(warehouse)) == (0, False)
        migrate(warehouse)
        assert (warehouse.version, is_older(warehouse)) == (SCHEMA, False)
        ((number, name),) = warehouse.rows("select load_seq, warehouse_id from meta.epoch")
        assert (number, len(name)) == (0, 32)


def test_nothing_is_asked_of_a_warehouse_that_is_of_now(tmp_path: Path) -> None:
    """Opening it costs one small query, whatever asks for its tables."""
    with Warehouse(tmp_path) as warehouse:
        migrate(warehouse)
    with Listening(tmp_path) as warehouse:
        Meta(warehouse)
        assert not is_older(warehouse)
        assert warehouse.asked == ["select version, tool from meta.versions"]


def test_a_migration_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that are to be applied are one transaction; the version is part of it."""
    with Warehouse(tmp_path) as warehouse:
        warehouse.rows(epoch.migrations()[0])
        warehouse.rows("insert into meta.versions values (1, 'before', now())")
        layout = warehouse.layout("meta")
    folder = Path(shutil.copytree(sql_folder(), tmp_path / "sql"))
    (folder / "meta" / "004_ledger.sql").write_text("create table meta.more (id int); select no")
    monkeypatch.setattr(epoch, "sql_folder", lambda: folder)
    with Warehouse(tmp_path) as warehouse:
        assert is_older(warehouse)
        with pytest.raises(duckdb.Error):
            migrate(warehouse)
        assert warehouse.layout("meta") == layout
        assert warehouse.rows("select version, tool from meta.versions") == [(1, "before")]


def test_a_warehouse_without_its_id(tmp_path: Path) -> None:
    """The release before noted its version before the id: killed in between, it gets one."""
    with Warehouse(tmp_path) as warehouse:
        warehouse.rows(epoch.migrations()[0])
        warehouse.rows("insert into meta.versions values (1, 'before', now())")
    with Warehouse(tmp_path) as warehouse:
        migrate(warehouse)
        assert warehouse.rows("select count(warehouse_id) from meta.epoch") == [(1,)]
