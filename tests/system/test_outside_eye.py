"""An eye that is not ours on every request and every answer: Prism, with Clio's own document."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
import threading

import pytest

from pipelines.reconcile.run import Wish, run_reconcile
from pipelines.transform.run import Work, run_transform
from pipelines.writeback.undo import run_undo
from sources.clio_manage.build_catalog import correct, corrections
from sources.clio_simulator import Simulator
from tests.contract.judged import judged
from tests.system.firm import CATALOG, Firm
from tests.system.prism import prism, Gate
from tests.system.writing import SEED, Desk

from pipelines.writeback.guards import Limits
import json, time

DOCUMENT = "manage-openapi-2026-04-08.json"
ON = tuple(name for name, collection in CATALOG.loaded.items() if collection.off)
MODELS = ("+fct_activity", "+fct_bill", "+fct_collection_line")


@pytest.fixture(scope="module")
def document(shared: Path) -> dict[str, Any]:
    text = (shared / "reference" / DOCUMENT).read_text("utf-8")
    return correct(json.loads(text), corrections())


@pytest.mark.long
@pytest.mark.shared
def test_journey(document, tmp_path):
    t = time.time()
    with Simulator(SEED, rate_limit=100_000) as clio, prism(judged(document), clio, tmp_path) as gate:
        print("up", time.time() - t)
        firm = Firm(clio, tmp_path / "data", {"base_url": gate.url, "on": ON})
        desk = Desk(firm)
        def show(name, outcome):
            nonlocal t
            print(name, outcome.exit_code, round(time.time() - t, 1), len(gate.passed), outcome.errors)
            t = time.time()
            for one in gate.found: print("   ", one)
            gate.violations.clear()
        show("load", firm.load(every=True))
        clio.clock.advance(3600)
        matter = int(clio.dump("matters")[0]["id"])
        clio.changes.update("matters", matter, {"description": "changed"})
        show("load again", firm.load())
        show("sweep", firm.sweep())
        off = {"off": ("report_presets","matter_contacts")}
        firm.options |= off
        clio.clock.advance(3600)
        work = replace(Work.here(threading.Event()), settings=firm.settings)
        show("transform", run_transform(work, MODELS))
        row = clio.dump("matters")[0]
        matter = int(row["id"])
        desk.propose("matters", matter, "status=Pending", "location=<clear>", "client_reference=R-1", "matter_stage.id=<clear>")
        for name, change in (("contacts","title=Dr"),("tasks","priority=High"),("activities","note=ours"),("notes","subject=x"),("calendar_entries","summary=x"),("communications","subject=x"),("documents","name=x.pdf"),("relationships", "description=x")):
            r = clio.dump(name)
            for one in r[:1]:
                try: desk.propose(name, one["id"], change)
                except Exception as e: print(name, str(e)[:300])
        o = desk.plan(Limits(max_share=100, allow_blank=True))
        show("plan", o)
        plan = str(o.results[0]["plan"])
        show("review", desk.review(plan))
        o=desk.push(plan)
        show("push", o)
        print([ (r.get("resource"), r.get("state")) for r in o.results])
        show("undo", run_undo(desk.run("ana"), plan))
        show("push", desk.push(desk.approved(Limits(max_share=100, allow_blank=True))))
        o = run_reconcile(firm.run(clock=None, stop=None), Wish(ids=(), sample=24, reports=True))
        show("reconcile", o)
        print([(r["comparison"], r["status"], r.get("reason")) for r in o.results if "level" in r])
        print(Counter((p.method, p.status, p.judged) for p in gate.passed))
        print(Counter((a.method, a.path) for a in clio.requests) - Counter((p.method, p.target.partition("?")[0]) for p in gate.passed))
        import resource
        print(resource.getrusage(resource.RUSAGE_SELF).ru_utime)
    print(resource.getrusage(resource.RUSAGE_CHILDREN))
    assert 0
