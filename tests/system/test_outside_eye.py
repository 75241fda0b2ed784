"""An eye that is not ours: every request and every answer passes through Prism, which judges them
by Clio's own document.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from pipelines.outcome import Outcome
from pipelines.plan.guards import Limits
from pipelines.push.undo import run_undo
from pipelines.reconcile.run import ReconcileOptions, run_reconcile
from pipelines.transform.run import ModelContext, run_transform
from sources.clio_simulator import Simulator
from sources.clio_simulator.faults import Status
from sources.clio_simulator.world import LoggedRequest
from tests.contract.judged import BASE, judged
from tests.system.firm import CATALOG, Firm
from tests.system.prism import Gate, is_judged, prism, said
from tests.system.test_requests import described, document, problems  # noqa: F401 - a fixture
from tests.system.writing import SEED, Desk

pytestmark = [pytest.mark.long, pytest.mark.shared]

ON = tuple(name for name, collection in CATALOG.loaded.items() if collection.off)
MODELS = ("+fct_activity", "+fct_bill", "+fct_collection_line")
EDITS = {
    "calendar_entries": ("summary=Hearing",),
    "communications": ("subject=Ours",),
    "contacts": ("title=Dr",),
    "documents": ("name=ours.pdf",),
    "matters": (
        *("client_reference=R-1", "location=<clear>", "matter_stage.id=<clear>", "status=Pending"),
    ),
    "notes": ("subject=Ours",),
    "tasks": ("priority=High",),
}
"""Collection → changes of its first record; some of them empty a field."""
LIMITS = Limits(max_share=100, allow_blank=True)
NAME = "manage-openapi-2026-04-08.json"
NO_RECORD = '{"data":5}'
Document: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Journey:
    """A firm whose Clio is asked through the gate, stage by stage."""

    clio: Simulator
    gate: Gate
    desk: Desk

    @property
    def firm(self) -> Firm:
        """Return the firm."""
        return self.desk.firm

    def stages(self) -> Iterator[tuple[str, Outcome]]:
        """Run each stage and give its name and outcome."""
        yield "first load", self.firm.load(every=True)
        self.change()
        yield "incremental load", self.firm.load(every=True)
        yield "sweep", self.firm.sweep()
        yield "transform", self.build()
        for name, changes in EDITS.items():
            self.desk.propose(name, self.clio.dump(name)[0]["id"], *changes)
        planned = self.desk.plan(LIMITS)
        yield "plan", planned
        plan = str(planned.results[0]["plan"])
        assert self.desk.review(plan).exit_code == 0
        yield "push", self.desk.push(plan)
        yield "undo", run_undo(self.desk.context("ana"), plan)
        yield "push of the undo", self.desk.push(self.desk.approved(LIMITS))
        run = self.firm.context()
        yield "reconcile", run_reconcile(run, ReconcileOptions(ids=(), sample=24, reports=True))

    def change(self) -> None:
        """Let records be changed, made and deleted in Clio."""
        self.clio.clock.advance(3600)
        matter, contact, task = (
            self.clio.dump(name)[-1]["id"] for name in ("matters", "contacts", "tasks")
        )
        self.clio.changes.update("matters", matter, {"description": "Changed"})
        self.clio.changes.update("contacts", contact, {"title": "Prof"})
        new = {"name": "New", "status": "pending", "matter": {"id": matter}}
        self.clio.changes.add("tasks", new)
        self.clio.changes.remove("tasks", task)

    def build(self) -> Outcome:
        """Build what the comparisons need."""
        work = replace(ModelContext.here(threading.Event()), settings=self.firm.settings)
        return run_transform(work, MODELS)


def test_every_request_and_answer_is_what_clio_describes(
    document: Document,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    """A first load of everything, an incremental load, a sweep, a plan, a push, an undo and a
    reconcile end with 0 where every request or answer that breaks Clio's document is an error.
    Nothing goes past Prism, and no path is one of which it would not say that an answer is wrong.
    """
    with (
        Simulator(SEED, rate_limit=100_000) as clio,
        prism(judged(document), clio, tmp_path) as gate,
    ):
        firm = Firm(clio, tmp_path / "data", {"base_url": gate.url, "on": ON})
        for stage, outcome in Journey(clio, gate, Desk(firm)).stages():
            assert gate.found == [], stage
            assert outcome.exit_code == 0, f"{stage}: {outcome.errors}"
        patterns = {pattern_of(document, one) for one in clio.requests}
        assert {f"/{each.path}.json" for each in CATALOG.loaded.values()} <= patterns
        assert undocumented(document, clio.requests) == []
        sent = Counter((one.method, one.path) for one in clio.requests)
        assert Counter((one.method, one.path) for one in gate.passed) == sent
        assert sent.keys() >= {("POST", f"{BASE}/reports.json")}
        assert blind_spots(document, clio, gate) == []


def test_prism_finds_what_is_wrong(
    document: Document,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    """A value of another type, a strange choice, an odd date, a field that cannot be emptied, a
    status that is not described and an unknown path are each found, where they are.
    """
    paths = {name: document["paths"][name] for name in ("/matters.json", "/matters/{id}.json")}
    with (
        Simulator(SEED, rate_limit=0) as clio,
        prism(judged({**document, "paths": paths}), clio, tmp_path) as gate,
        httpx.Client(base_url=f"{gate.url}{BASE}", headers=clio.headers) as http,
    ):
        key = int(clio.dump("matters")[0]["id"])
        fields = {"fields": "id,etag,status,open_date,client{id,type},custom_field_values"}
        assert http.get("/matters.json", params=fields).status_code == 200
        assert gate.found == []
        wrong = {"status": "Odd", "open_date": "soon", "client": {"id": 1, "type": "Robot"}}
        clio.switches.misfits = {"matters": {key: {**wrong, "custom_field_values": [{"id": 5}]}}}
        assert http.get("/matters.json", params=fields).status_code == 500
        found = {one.where.removeprefix("response.body.data.*.") for one in gate.violations}
        assert found == {"status", "open_date", "client.type", "custom_field_values.*.id"}
        assert refused(http.get("/matters.json", params={"status": "odd"})) == ["query.status"]
        emptied = {"data": {"client": {"id": None}, "matter_stage": {"id": None}}}
        patch = http.patch(f"/matters/{key}.json", json=emptied)
        assert refused(patch) == ["body.data.client.id"]
        assert clio.writes == []
        clio.faults.add(Status(418), "matters")
        gate.violations.clear()
        assert http.get("/matters.json").status_code == 418
        assert "Unable to match the returned status code" in gate.found[0]
        assert http.get("/tasks.json").status_code == 404
        assert "no path matched" in gate.found[-1]


def test_document_declares_nothing_that_may_be_null(shared: Path) -> None:
    """Once it does, what it declares is to be judged by, and not that everything may be null."""
    assert "nullable" not in (shared / "reference" / NAME).read_text("utf-8")


def refused(answer: httpx.Response) -> list[str]:
    """Name the places for which Prism refuses a request."""
    assert answer.status_code == 422
    return [where for where, _ in said(answer)]


def pattern_of(document: Document, asked: LoggedRequest) -> str:  # noqa: F811 - not the fixture
    """Return the path of the document that a request is for."""
    found = described(document, asked)
    assert found is not None, f"{asked.method} {asked.path} is not described"
    return found[0]


def undocumented(
    document: Document,  # noqa: F811 - not the fixture
    requests: Iterable[LoggedRequest],
) -> list[str]:
    """Name the parameters that are not described: Prism lets them pass."""
    found = [(described(document, asked), asked) for asked in requests]
    return sorted({each for one, asked in found if one for each in problems(*one, asked)})


def blind_spots(
    document: Document,  # noqa: F811 - not the fixture
    clio: Simulator,
    gate: Gate,
) -> list[str]:
    """Ask for everything once more where Clio answers without records, and name the paths of which
    Prism says nothing: it lets any body pass whose schema it cannot read.
    """
    asked = {(one.method, pattern_of(document, one)): one for one in clio.requests}
    bodies = {(one.method, one.path): one.body for one in gate.passed}
    headers = {**clio.headers, "Content-Type": "application/json"}
    clio.faults.add(Status(201, body=NO_RECORD), times=None, method="POST")
    clio.faults.add(Status(200, body=NO_RECORD), times=None)
    found = []
    for (method, pattern), one in asked.items():
        if is_judged(one.path):
            body = bodies[method, one.path]
            answer = gate.forward(method, f"{one.path}?{one.query}", headers, body)
            if "response.body.data" not in {where for where, _ in said(answer)}:
                found.append(f"{method} {pattern}")
    return found
