"""Approvals that are proofs: under `signed`, what nobody signed who may is not sent."""

import json
from pathlib import Path

import pytest

from pipelines.errors import CommandLineError
from pipelines.ledger.canonical import canonical
from pipelines.ledger.errors import (
    ApprovalLevelError,
    ForgedApprovalError,
    FourEyesError,
    PlanRefusedError,
    SignatureError,
)
from pipelines.operate.status import run_status
from pipelines.plan import plan_file
from pipelines.plan.approvers import run_add, run_list, run_policy, run_remove
from pipelines.plan.review import run_export, run_import
from tests.system.keys import made, public, signed
from tests.system.signed_desk import ALL, SignedDesk, signing
from tests.system.writing import APPROVER, AUTHOR, Desk

pytestmark = pytest.mark.long
at = pytest.fixture(signing)


def test_signed_road(at: SignedDesk) -> None:
    """What an approver signed is sent; what is only said is not, and a signature supersedes it."""
    plan = at.plan()
    at.refused(plan, ApprovalLevelError)
    outcome = at.desk.review(plan)
    assert "does not suffice: signed is demanded" in outcome.text
    at.refused(plan, ApprovalLevelError)
    assert at.proved() == [
        f"the approval of {next(iter(at.desk.states()))} is not proved: it is not signed (asserted)"
    ]
    at.approve(plan)
    assert at.desk.push(plan).exit_code == 0
    assert at.desk.record("matters", at.matter)["description"] == "Ours"
    assert at.proved() == []
    assert plan_file.load(plan_file.find(at.desk.firm.folder, plan)).approval == "signed"


def test_signing_on_another_machine(at: SignedDesk, tmp_path: Path) -> None:
    """The statement is signed by ssh-keygen alone, elsewhere, and imported by whoever is at hand;
    what is not signed, is signed for another purpose or was changed is refused.
    """
    plan = at.plan()
    context, out = at.desk.context(AUTHOR), tmp_path / "plan.review"
    run_export(context, plan, ALL, out)
    shown = out.with_name("plan.review.txt").read_text()
    assert "Ours" in shown
    with pytest.raises(SignatureError, match=r"plan\.review\.sig"):
        run_import(context, plan, out)
    signed(out, at.bo, "file").rename(out.with_name("plan.review.sig"))
    with pytest.raises(SignatureError, match="not signed by an approver"):
        run_import(context, plan, out)
    out.with_name("plan.review.sig").unlink()
    signed(out, at.bo)
    whole = out.read_text()
    changed = json.loads(whole) | {"comment": "and pay me"}
    out.write_text(canonical(changed) + "\n")
    with pytest.raises(SignatureError, match="not signed by an approver"):
        run_import(context, plan, out)
    out.write_text(whole)
    assert run_import(context, plan, out).exit_code == 0
    with pytest.raises(PlanRefusedError, match="signed already"):
        run_import(context, plan, out)
    assert at.desk.push(plan).exit_code == 0
    assert at.proved() == []


def test_whose_signatures_count(at: SignedDesk) -> None:
    """Only those of approvers, and nobody's for their own edit."""
    plan = at.plan()
    with pytest.raises(SignatureError):
        at.approve(plan, "eve")
    context = at.desk.context("admin")
    run_add(context, AUTHOR, public(made(at.keys, "ana")), [at.bo, at.keys / "cy"])
    with pytest.raises(FourEyesError):
        at.approve(plan, "ana")
    at.refused(plan, ApprovalLevelError)


def test_removed_approver(at: SignedDesk) -> None:
    """What an approver signed before being removed is not sent any more; what was sent stays
    proved.
    """
    first = at.plan("First")
    at.approve(first)
    assert at.desk.push(first).exit_code == 0
    second = at.plan("Second")
    at.approve(second)
    context = at.desk.context("admin")
    run_remove(context, APPROVER, [at.bo, at.keys / "cy"])
    with pytest.raises(ForgedApprovalError, match="no approver's any more"):
        at.desk.push(second)
    assert len(at.desk.patches) == 1
    assert at.proved() == []
    with pytest.raises(CommandLineError, match="the last approver stays"):
        run_remove(context, "cy", [at.keys / "cy"])


@pytest.mark.parametrize("signers", [(), ("bo",), ("bo", "eve"), ("bo", "bo")])
def test_changes_need_two_signatures(at: SignedDesk, signers: tuple[str, ...]) -> None:
    """An approver is added or removed, and the policy lowered, by two approvers where there are."""
    keys = [at.keys / name for name in signers]
    context = at.desk.context("admin")
    head = at.desk.rows("select count(*) from events")
    with pytest.raises(SignatureError):
        run_add(context, "Eve", public(at.keys / "eve"), keys)
    with pytest.raises(SignatureError):
        run_remove(context, "cy", keys)
    with pytest.raises(SignatureError):
        run_policy(context, "asserted", "quicker", keys)
    assert at.desk.rows("select count(*) from events") == head
    both = [at.bo, at.keys / "cy"]
    assert run_policy(context, "asserted", "quicker", both).results[0]["level"] == "asserted"


@pytest.mark.parametrize(
    "settings", [{"approval": "off"}, {"approval": "asserted"}, {"four_eyes": False}]
)
def test_settings_never_lower(at: SignedDesk, settings: dict[str, object]) -> None:
    """Neither `approval` nor `four_eyes` of the environment lowers what the ledger demands."""
    plan = at.plan()
    at.desk.review(plan)
    at.desk.settings = settings
    at.refused(plan, ApprovalLevelError)
    assert run_list(at.desk.context(AUTHOR)).results[0]["level"] == "signed"


def test_a_setting_raises(desk: Desk, matter: int) -> None:
    """`approval = signed` demands signatures although the policy does not."""
    desk.propose("matters", matter, "description=Ours")
    plan = desk.approved()
    desk.settings = {"approval": "signed"}
    with pytest.raises(ApprovalLevelError):
        desk.push(plan)
    assert desk.patches == []
    desk.settings = {}
    assert desk.push(plan).exit_code == 0


def test_status_says_the_level(at: SignedDesk) -> None:
    """`status` says what approvals have to be, by policy and by setting."""
    context = at.desk.context(AUTHOR)
    assert "Approvals have to be signed." in run_status(context.settings, context.clock).text
