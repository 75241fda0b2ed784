"""When comparisons that read models are not run: the models are older than their rows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.state.builds import is_stale
from pipelines.state.runs import Meta
from pipelines.warehouse import Warehouse

LOADED = (
    "insert into meta.sync_runs (source, resource, finished_at, inserted, updated)"
    " values ('clio_manage', 'bills', '2026-10-01 {}:00Z', 1, 0)"
)
BUILT = (
    "insert into meta.model_runs (model, status, started_at)"
    " values ('core.fct_bill', '{}', '2026-10-01 {}:00Z')"
)
BURIED = (
    "insert into meta.tombstones values"
    " ('clio_manage', 'bills', '7', '2026-10-01 {}:00Z', 'not found by its id', {})"
)


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """Return a warehouse that was loaded at eight and built at nine."""
    with Warehouse(tmp_path) as warehouse:
        Meta(warehouse)
        warehouse.rows(LOADED.format("08:00"))
        warehouse.rows(BUILT.format("built", "09:00"))
        yield warehouse


def test_models_built_after_the_load(warehouse: Warehouse) -> None:
    """Models that were built after the load, and after what was deleted before, are not stale."""
    warehouse.rows(BURIED.format("08:30", "null"))
    assert not is_stale(warehouse)


@pytest.mark.parametrize(
    "later",
    [
        LOADED.format("10:00"),
        BURIED.format("10:00", "null"),
        BURIED.format("08:30", "'2026-10-01 10:00:00Z'"),
    ],
    ids=["loaded", "deleted", "revived"],
)
@pytest.mark.parametrize("status", ["", "failed", "rolled_back"])
def test_models_that_are_stale(warehouse: Warehouse, later: str, status: str) -> None:
    """A later load, deletion or revival makes models stale, and a build that failed since does
    not make them new.
    """
    warehouse.rows(later)
    if status:
        warehouse.rows(BUILT.format(status, "11:00"))
    assert is_stale(warehouse)
