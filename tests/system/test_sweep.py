"""A sweep finds and heals whatever differs, writes no other row, and proves the result."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sources.clio_simulator.faults import Value
from tests.system.conftest import NewFirm
from tests.system.firm import CATALOG, RAW, Firm
from tests.system.test_requests import described, document, problems  # noqa: F401 - a fixture

Marks = dict[int, tuple[Any, ...]]
LONG = pytest.mark.long


def marks(firm: Firm, name: str) -> Marks:
    """Return what shows that a row was written: when, by which package, with what content."""
    query = f"select id, _synced_at, _dlt_load_id, _row_hash from {RAW}.{name}"
    return {row[0]: row[1:] for row in firm.query(query)}


def tampered(firm: Firm, statement: str, *parameters: object) -> None:
    """Change the warehouse behind the tool's back."""
    with firm.writable() as connection:
        connection.execute(statement, list(parameters))


@dataclass(frozen=True)
class Planted:
    """The ids of the five activities that differ, one in each way."""

    missing: int
    ghost: int
    stale: int
    silent: int
    kept_etag: int

    @property
    def healed(self) -> set[int]:
        """Return those that a sweep writes."""
        return {self.missing, self.stale, self.silent, self.kept_etag}


def plant(firm: Firm) -> Planted:
    """Let five activities differ, one in each way, spread over the pages."""
    keys = sorted(firm.clio.store["activities"].rows)
    planted = Planted(*(keys[len(keys) * at // 6] for at in range(1, 6)))
    tampered(firm, f"delete from {RAW}.activities where id = $1", planted.missing)
    firm.clio.changes.remove("activities", planted.ghost)
    firm.clio.changes.update("activities", planted.stale, {"note": "changed"})
    silently = {planted.silent: False, planted.kept_etag: True}
    for key, keep_etag in silently.items():
        firm.clio.changes.update(
            "activities", key, {"note": "silently"}, silent=True, keep_etag=keep_etag
        )
    return planted


@pytest.mark.parametrize(
    "rows", [pytest.param(1_000, id="1,000"), pytest.param(100_000, id="100,000", marks=LONG)]
)
def test_five_planted_differences_are_healed(new_firm: NewFirm, rows: int) -> None:
    """Of many activities one is missing, one a ghost, one stale and two silently changed, with
    and without a new etag: one sweep heals exactly those, with one request for each page, one
    confirmation and `who_am_i`, and proves it by digests that differed before.
    """
    firm = new_firm(activities=rows)
    assert firm.load("activities").exit_code == 0
    planted = plant(firm)
    before, since = marks(firm, "activities"), len(firm.clio.requests)
    outcome = firm.sweep("activities")
    assert outcome.exit_code == 0, outcome.errors
    assert len(firm.clio.requests) - since == -(-(rows - 1) // 200) + 2
    after = marks(firm, "activities")
    assert {key for key in after if after[key] != before.get(key)} == planted.healed
    assert before.keys() - after.keys() == set()
    assert firm.buried("activities") == {str(planted.ghost)}
    assert firm.live_differences("activities") == []
    proof = firm.certificate("activities")
    found = {key: proof[key] for key in ("missing", "ghost", "stale", "healed", "undecided")}
    assert found == {"missing": 1, "ghost": 1, "stale": 3, "healed": 5, "undecided": 0}
    assert (proof["rows_clio"], proof["rows_warehouse"]) == (rows - 1, rows - 1)
    assert proof["digest_clio"] == proof["digest_warehouse"] != proof["digest_before"]


def test_sweep_of_what_is_equal_writes_nothing(firm: Firm) -> None:
    """A second sweep finds nothing, writes no row, and its certificate has one digest thrice."""
    firm.load("tasks", "matters")
    firm.sweep("tasks", "matters")
    before = marks(firm, "tasks")
    outcome = firm.sweep("tasks", "matters")
    assert (outcome.exit_code, outcome.errors) == (0, [])
    assert marks(firm, "tasks") == before
    proof = firm.certificate("tasks")
    assert proof["digest_before"] == proof["digest_clio"] == proof["digest_warehouse"]
    assert (proof["status"], proof["healed"], proof["complete"]) == ("ok", 0, True)
    assert "2 were equal without a change" in outcome.text


def test_row_that_was_altered_here_is_healed(firm: Firm) -> None:
    """A certificate is about what the rows hold: a value that somebody changed in the warehouse,
    while its content hash was left as it was, is stale and read anew.
    """
    firm.load("tasks")
    key = min(firm.clio.store["tasks"].rows)
    tampered(firm, f"update {RAW}.tasks set name = 'altered', due_at = null where id = $1", key)
    assert firm.differences("tasks")
    assert firm.sweep("tasks").exit_code == 0
    assert firm.differences("tasks") == []
    proof = firm.certificate("tasks")
    assert (proof["status"], proof["stale"], proof["healed"]) == ("ok", 1, 1)
    assert proof["digest_before"] != proof["digest_clio"] == proof["digest_warehouse"]


def test_certificate_of_an_empty_collection(firm: Firm) -> None:
    """No rows on either side are equal too."""
    firm.clio.store["reminders"].rows.clear()
    firm.load("reminders")
    assert firm.sweep("reminders").exit_code == 0
    proof = firm.certificate("reminders")
    assert (proof["rows_clio"], proof["rows_warehouse"], proof["status"]) == (0, 0, "ok")
    assert proof["digest_clio"] == proof["digest_warehouse"] == proof["digest_before"]


@pytest.mark.parametrize("field", ["due_at", "updated_at"])
def test_row_that_does_not_fit_is_no_ghost(firm: Firm, field: str) -> None:
    """A record that Clio shows and that does not fit, in a value or whole, is told with exit code
    4 and certified as not known; it is not taken for deleted.
    """
    firm.load("tasks")
    key = min(firm.clio.store["tasks"].rows)
    firm.clio.faults.add(Value(field, '"soon"', id=key), "tasks", times=None)
    outcome = firm.sweep("tasks")
    assert [(name, e.code) for name, e in outcome.errors] == [("tasks", "kept_out")]
    assert outcome.exit_code == 4
    assert firm.buried("tasks") == set()
    proof = firm.certificate("tasks")
    assert (proof["status"], proof["rows_clio"]) == ("withheld", 60)
    assert "quarantine list" in outcome.errors[0][1].hint
    assert firm.sweep("tasks").exit_code == 0


def test_sweep_proves_only_what_was_loaded(firm: Firm) -> None:
    """A collection that was never loaded has nothing to prove and is named; child lists and day
    by day copies are not walked.
    """
    firm.load("tasks")
    outcome = firm.sweep()
    done = {row["resource"]: row["complete"] for row in outcome.results}
    assert done.pop("tasks")
    assert set(done.values()) == {False}
    assert {asked.collection for asked in firm.clio.requests} <= {"tasks", "users_who_am_i"}
    assert "matters: not loaded yet" in firm.log.getvalue()
    assert not done.keys() & {"matter_contacts", "matters__daily"}


@pytest.mark.long
def test_sweep_of_a_whole_firm(whole_firm: Firm, tmp_path: Path) -> None:
    """Every collection that is neither a child list nor copied day by day is proved, with as few
    requests as its pages, and is equal without a change.
    """
    firm = Firm(whole_firm.clio, tmp_path / "data")
    shutil.copytree(whole_firm.folder, firm.folder)
    since = len(firm.clio.requests)
    outcome = firm.sweep()
    assert outcome.exit_code == 0, outcome.errors
    swept = {name for name, c in CATALOG.loaded.items() if c.mode in {"incremental", "full"}}
    assert {row["resource"] for row in outcome.results} == swept
    assert firm.query("select distinct status, healed, missing from meta.certificates") == [
        ("ok", 0, 0)
    ]
    rows = {row["resource"]: row["rows_clio"] for row in outcome.results}
    pages = [
        max(len(CATALOG.loaded[name].variants), -(-rows[name] // CATALOG.loaded[name].page_size))
        for name in swept
    ]
    assert len(firm.clio.requests) - since == 1 + sum(pages)


@pytest.mark.shared
def test_requests_of_a_sweep_are_documented(
    firm: Firm,
    document: dict[str, Any],  # noqa: F811 - the fixture
) -> None:
    """Pages, single records, blocks of `ids[]` and second walks: each is a request that Clio's
    own document describes.
    """
    names = (
        "tasks",
        "line_items",
        "billable_clients",
        "bills",
        "notes",
        "users",
        "comments",
        "activities_written_off",
    )
    firm.load(*names)
    firm.clio.clock.advance(60)
    for name in set(names) - {"billable_clients", "users", "activities_written_off"}:
        firm.clio.changes.remove(name, min(firm.clio.store[name].rows))
    since = len(firm.clio.requests)
    assert firm.sweep(*names).exit_code == 0
    sent = firm.clio.requests[since:]
    assert len({asked.path for asked in sent}) > len(names)
    assert any("ids[]" in asked.given for asked in sent)
    for asked in sent:
        found = described(document, asked)
        assert found is not None, asked.path
        assert list(problems(*found, asked)) == []
