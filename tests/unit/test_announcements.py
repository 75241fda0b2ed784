"""What Clio announces in headers is told once and kept."""

from pathlib import Path

import pendulum
import pytest

from pipelines.state.runs import Meta
from pipelines.state.server import keep_new
from pipelines.warehouse import Warehouse
from sources.clio_http.statuses import Notice, Notices
from tests.unit.picky import CATALOG

AT = pendulum.datetime(2026, 3, 2, 9)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"deprecation": "true"}, [Notice("/tasks", "deprecated", "will end")]),
        (
            {"deprecation": "@1772000000", "sunset": "Wed, 30 Sep 2026 23:59:59 GMT"},
            [Notice("/tasks", "deprecated", "ends on 2026-09-30")],
        ),
        ({"sunset": "O'Brien"}, [Notice("/tasks", "deprecated", "will end")]),
        ({"x-api-version": "4.0.14"}, [Notice("", "version", "4.0.14")]),
        ({"x-api-version": "4.0.13"}, []),
        ({"x-api-version": "O'Brien"}, []),
        ({}, []),
    ],
)
def test_headers(headers: dict[str, str], found: list[Notice]) -> None:
    """Only a date or a version is repeated, and the same thing is noted once."""
    notices = Notices("4.0.13")
    notices.look("/tasks", headers)
    notices.look("/tasks", headers)
    assert notices.found == found


def test_announcement_is_told_once(tmp_path: Path) -> None:
    """A later run with the same announcement says nothing; another date is told anew."""
    with Warehouse(tmp_path) as warehouse:
        Meta(warehouse)

        def run(number: int, *notices: Notice) -> list[str]:
            run_id = f"run-{number}"
            return keep_new(warehouse, CATALOG, notices, run_id=run_id, asked="4.0.13", at=AT)

        ends = Notice("/matters/{id}/contacts", "deprecated", "ends on 2026-09-30")
        other = Notice("", "version", "4.0.14")
        soon = "a newer clio-sync may be needed by then"
        assert run(1, ends, other) == [
            f"Clio announces that matter_contacts ends on 2026-09-30; {soon}",
            "Clio answers as version 4.0.14 of its API, though 4.0.13 is asked for",
        ]
        assert run(2, ends, other) == []
        later = Notice("/tasks/{id}", "deprecated", "ends on 2027-01-31")
        assert len(run(3, ends, later)) == 1
        assert warehouse.rows(
            "select resource, field, kind, run_id from meta.drift order by run_id, kind"
        ) == [
            ("matter_contacts", "ends on 2026-09-30", "deprecated", "run-1"),
            ("", "4.0.14", "version", "run-1"),
            ("tasks", "ends on 2027-01-31", "deprecated", "run-3"),
        ]
