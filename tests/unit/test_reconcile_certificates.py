"""What the certificates of sweeps say in a package: proved lately, long ago, or not equal."""

import pytest

from pipelines.reconcile.definitions import read_definitions
from pipelines.reconcile.evaluate import asked_of
from pipelines.reconcile.verdicts import ComparisonStatus
from pipelines.state.epoch import migrations
from pipelines.warehouse import in_memory

(DEFINITION,) = [one for one in read_definitions((1,)) if one.name == "certificates"]


@pytest.mark.parametrize(
    ("walked_at", "digest", "status"),
    [
        ("2026-10-01", "a", ComparisonStatus.MATCH),
        ("2026-09-30", "a", ComparisonStatus.MATCH),
        ("2026-09-29", "a", ComparisonStatus.NOT_RUN),
        ("2026-10-01", "b", ComparisonStatus.DIFFERENCE),
        ("2024-10-01", "b", ComparisonStatus.DIFFERENCE),
    ],
)
def test_age_of_a_certificate(walked_at: str, digest: str, status: ComparisonStatus) -> None:
    """A proof of more than a month before the last run is none of today; what it showed to differ
    stays a difference.
    """
    cursor = in_memory()
    for statements in migrations():
        cursor.execute(statements)
    cursor.execute(
        "insert into meta.sync_runs (source, resource, mode, started_at)"
        " values ('clio_manage', 'bills', 'incremental', '2026-10-31 00:00:00Z')"
    )
    cursor.execute(
        "insert into meta.certificates (source, resource, walked_at, rows_clio, rows_warehouse,"
        " digest_clio, digest_warehouse, status) values"
        " ('clio_manage', 'bills', $1::timestamptz, 5, 5, 'a', $2, 'ok')",
        [f"{walked_at} 00:00:00Z", digest],
    )
    found = asked_of(cursor, DEFINITION)
    assert found.status is status
    assert ("run clio-sync sweep" in found.reason) is (status is ComparisonStatus.NOT_RUN)
