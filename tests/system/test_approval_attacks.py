"""One person with the OS account writes into a ledger: under `signed` nothing of it is sent."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.errors import LedgerError
from pipelines.ledger.canonical import canonical, sha256
from pipelines.ledger.errors import (
    ApprovalLevelError,
    ForgedApprovalError,
    FourEyesError,
    OlderLedgerError,
    PlanRefusedError,
    SignatureError,
)
from pipelines.ledger.ledger import HEAD, Head, Ledger, link
from pipelines.plan import plan_file
from pipelines.plan.approvers import run_add, run_policy, run_remove
from pipelines.plan.guards import Limits
from pipelines.plan.planning import run_plan
from pipelines.plan.review import ReviewAnswer, run_export, run_import
from sources.clio_http.clock import SystemClock
from sources.errors import ClioError
from tests.system.keys import public, signed
from tests.system.signed_desk import ALL, SignedDesk, approval, chained, replayed, signing
from tests.system.writing import AUTHOR
from tests.tampering import unguarded

pytestmark = pytest.mark.long
at = pytest.fixture(signing)


def test_other_name(at: SignedDesk) -> None:
    """One person, two names: the second approves what the first proposed."""
    plan = at.plan()
    at.desk.review(plan, by="somebody else")
    at.refused(plan, ApprovalLevelError)
    assert any("not signed (asserted)" in one for one in at.proved())


@pytest.mark.parametrize("level", ["signed", "session", "asserted", "off", "none"])
def test_appended_approval(at: SignedDesk, level: str) -> None:
    """One chained row of an approval, whatever level it claims."""
    plan = at.plan()
    chained(at, approval(at, plan, level=level))
    with pytest.raises((ApprovalLevelError, ForgedApprovalError)):
        at.desk.push(plan)
    assert at.desk.patches == []
    assert len(at.proved()) == 1


def test_replayed_signature(at: SignedDesk) -> None:
    """A signature of one plan, or of one time, is no approval of another."""
    first = at.plan("First")
    at.approve(first)
    at.desk.review(first, ReviewAnswer((), tuple(at.desk.states())))
    replayed(at, first)
    at.refused(first, ForgedApprovalError)
    assert len(at.proved()) == 1


def test_signature_of_another_plan(at: SignedDesk) -> None:
    """The signed statement of one plan beside the approvals of another."""
    first = at.plan("First")
    at.approve(first)
    assert at.desk.push(first).exit_code == 0
    second = at.plan("Second")
    replayed(at, second)
    with pytest.raises(ForgedApprovalError):
        at.desk.push(second)
    assert len(at.desk.patches) == 1
    assert len(at.proved()) == 1


def test_signature_of_the_plan_before(at: SignedDesk) -> None:
    """The same edit, planned anew over what a colleague changed, is not what was signed before."""
    first = at.plan("First")
    at.approve(first)
    at.desk.firm.clio.changes.update("matters", at.matter, {"location": "elsewhere"})
    second = str(at.desk.plan(again=True).results[0]["plan"])
    assert second != first
    replayed(at, second)
    with pytest.raises(ForgedApprovalError, match="is not about the plan"):
        at.desk.push(second)
    assert at.desk.patches == []
    assert len(at.proved()) == 1


def test_signature_that_was_held_back(at: SignedDesk, tmp_path: Path) -> None:
    """A statement that was signed, and not imported before another approver rejected the edit, does
    not bring it back.
    """
    plan, out = at.plan(), tmp_path / "plan.review"
    run_export(at.desk.context(AUTHOR), plan, ALL, out)
    signature = signed(out, at.bo).read_text()
    at.desk.review(plan, ReviewAnswer((), tuple(at.desk.states())))
    statement = out.read_text()
    row = approval(at, plan, statement=sha256(statement))
    body: dict[str, object] = {"statement": statement, "signature": signature, "name": "bo"}
    chained(at, ("review_signed", body, "", row[3]), row)
    at.refused(plan, ForgedApprovalError)
    assert any("something else was decided" in one for one in at.proved())


def test_shown_text_is_the_plans(at: SignedDesk, tmp_path: Path) -> None:
    """Who signs a statement with the hash of another text has not seen this plan."""
    plan, out = at.plan(), tmp_path / "plan.review"
    run_export(at.desk.context(AUTHOR), plan, ALL, out)
    out.write_text(canonical(json.loads(out.read_text()) | {"shown": sha256("harmless")}) + "\n")
    signed(out, at.bo)
    with pytest.raises(SignatureError, match="what was shown"):
        run_import(at.desk.context(AUTHOR), plan, out)
    at.refused(plan, ApprovalLevelError)


BROKEN = (
    "[]", "7", "null", '{"statement":{}}', '{"statement":7,"signature":[]}', '{"level":{}}',
    '{"approver":"bo","approver":"cy"}', '{"statement":"\\ud800"}', "{", '{"signatures":7}',
    '{"level":"off","reason":"x","statement":"x","signatures":"y"}', '{"edits":7}',
)  # fmt: skip


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("kind", ["edit_approved", "review_signed", "policy_set", "approver_added"])
def test_broken_events(at: SignedDesk, kind: str, text: str) -> None:
    """An event that is none of ours is refused in words, and breaks nothing that reads it."""
    plan = at.plan()
    _, _, edit_id, full = approval(at, plan)
    edit_id = edit_id if kind == "edit_approved" else ""
    chained(at, (kind, text, edit_id, full if "_ed" in f"_{kind}" or "review" in kind else ""))
    with pytest.raises(ClioError) as refused:
        at.desk.push(plan)
    assert refused.value.exit_code in {5, 7}
    assert at.desk.patches == []
    if text != "{":
        at.proved()
    for path in at.desk.firm.folder.glob("ledger*"):
        path.unlink()


@pytest.mark.parametrize("kind", ["policy_set", "approver_added", "approver_removed"])
def test_forged_policy(at: SignedDesk, kind: str) -> None:
    """A policy or an approver written into the ledger, without the signatures or with one's own."""
    plan = at.plan()
    key = public(at.keys / "eve").read_text().strip()
    bodies = {
        "policy_set": {"level": "off", "reason": "quicker"},
        "approver_added": {"name": "Eve", "key": " ".join(key.split()[:2]), "login": ""},
        "approver_removed": {
            "name": "cy",
            "key": " ".join(public(at.keys / "cy").read_text().split()[:2]),
            "login": "",
        },
    }
    with Ledger.open(at.desk.firm.folder, SystemClock(), read_only=True) as ledger:
        head = str(ledger.head())
    body = bodies[kind]
    statement = canonical({**body, "purpose": kind, "head": head}) + "\n"
    path = at.keys / "statement"
    path.write_text(statement)
    signature = signed(path, at.keys / "eve", "clio-sync-approvers").read_text()
    chained(at, (kind, {**body, "statement": statement, "signatures": [signature]}, "", ""))
    at.refused(plan, ForgedApprovalError)
    with pytest.raises(ForgedApprovalError):
        at.desk.review(plan)
    assert any(kind in one for one in at.proved())


def test_replayed_approver(at: SignedDesk) -> None:
    """An approver who was removed does not come back by the event that once added them."""
    plan, both = at.plan(), [at.bo, at.keys / "cy"]
    context = at.desk.context("admin")
    run_add(context, "Eve", public(at.keys / "eve"), both)
    ((text,),) = at.desk.rows("select body from events where body ->> '$.name' = 'Eve'")
    run_remove(context, "Eve", both)
    chained(at, ("approver_added", json.loads(text), "", ""))
    at.refused(plan, ForgedApprovalError)


def test_planner_is_an_author(at: SignedDesk) -> None:
    """Whoever planned edits under a name does not approve them, though another proposed them."""
    at.desk.propose("matters", at.matter, "description=Ours")
    plan = str(run_plan(at.desk.context("Bo"), Limits()).results[0]["plan"])
    with pytest.raises(FourEyesError, match="was made by"):
        at.approve(plan)


def test_older_ledger(at: SignedDesk, tmp_path: Path) -> None:
    """An older ledger put back, with all that stands beside it, shows by what the witness was
    told; without a witness, by what the warehouse has seen.
    """
    witness = tmp_path / "elsewhere" / "heads"
    witness.parent.mkdir()
    at.desk.settings = {"witness": str(witness)}
    plan = at.plan()
    folder = at.desk.firm.folder
    kept = tmp_path / "kept"
    shutil.copytree(folder, kept)
    at.approve(plan)
    rejected = next(iter(at.desk.states()))
    at.desk.review(plan, ReviewAnswer((), (rejected,)))
    assert len(witness.read_text().splitlines()) == 2
    shutil.rmtree(folder)
    shutil.copytree(kept, folder)
    with pytest.raises(OlderLedgerError):
        at.approve(plan)
    assert any("witness" in one for one in at.proved())


def test_swapped_ledger(at: SignedDesk, tmp_path: Path) -> None:
    """A ledger made anew by somebody with a key of their own shows by the keys that the firm has,
    and by the head that was seen.
    """
    plan = at.plan()
    at.approve(plan)
    folder = at.desk.firm.folder
    for name in ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", HEAD):
        (folder / name).unlink(missing_ok=True)
    context = at.desk.context("admin")
    run_add(context, "Eve", public(at.keys / "eve"))
    run_policy(context, "signed", "mine")
    at.refused(plan, PlanRefusedError)
    assert any("is not among those given" in one for one in at.proved())


def test_changed_plan(at: SignedDesk) -> None:
    """A plan whose file was changed, and named by its new hash, was signed by nobody."""
    plan = at.plan()
    at.approve(plan)
    path = plan_file.find(at.desk.firm.folder, plan)
    found = plan_file.load(path)
    other = replace(found, expires_at="2099-01-01T00:00:00Z")
    plan_file.write(at.desk.firm.folder, other)
    at.refused(other.short, PlanRefusedError)


def test_rewritten_history(at: SignedDesk) -> None:
    """What stood before a signature is part of what was signed: a chain computed anew breaks it."""
    plan = at.plan()
    at.approve(plan)
    folder = at.desk.firm.folder
    with unguarded(folder) as database:
        before = ""
        rows = database.execute("select * from events order by seq").fetchall()
        for seq, moment, actor, kind, edit_id, plan_hash, text, *_ in rows:
            body = text.replace("two partners", "two strangers")
            row = [seq, moment, actor, kind, edit_id, plan_hash, body]
            after = link(before, row)
            database.execute(
                "update events set body = ?, prev_hash = ?, hash = ? where seq = ?",
                [body, before, after, seq],
            )
            before = after
        (folder / HEAD).write_text(json.dumps(vars(Head(len(rows), before))))
    with pytest.raises((ForgedApprovalError, LedgerError)):
        at.desk.push(plan)
    assert at.desk.patches == []
    assert at.proved() != []
