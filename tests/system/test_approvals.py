"""Approvals that are proofs: under `signed`, what nobody signed who may is not sent."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pipelines.errors import CommandLineError, LedgerError
from pipelines.ledger.canonical import canonical
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
from pipelines.plan.approvers import run_add, run_list, run_policy, run_remove
from pipelines.plan.review import ReviewAnswer, run_export, run_import
from pipelines.push.audit import run_verify
from sources.clio_http.clock import SystemClock
from sources.errors import ClioError
from tests.system.keys import made, public, signed
from tests.system.writing import APPROVER, AUTHOR, Desk
from tests.tampering import unguarded

pytestmark = pytest.mark.long

ALL = ReviewAnswer(("all",))


@dataclass
class SignedDesk:
    """A firm whose approvals are signed: by Bo, and by Cy where a change of approvers is."""

    desk: Desk
    keys: Path
    matter: int

    @property
    def bo(self) -> Path:
        """Return Bo's private key."""
        return self.keys / APPROVER

    @property
    def known(self) -> Path:
        """Return the file of the public keys that the firm keeps elsewhere."""
        path = self.keys / "known.pub"
        names = (APPROVER, "cy")
        path.write_text("".join(public(self.keys / name).read_text() for name in names))
        return path

    def plan(self, text: str = "Ours") -> str:
        """Propose a description and plan it; gives the plan."""
        self.desk.propose("matters", self.matter, f"description={text}")
        return str(self.desk.plan().results[0]["plan"])

    def approve(self, plan: str, key: str = APPROVER) -> None:
        """Approve a plan with a key."""
        answer = replace(ALL, sign=self.keys / key)
        assert self.desk.review(plan, answer).exit_code == 0

    def proved(self) -> list[str]:
        """Return what `audit verify --keys` finds."""
        found: list[str] = run_verify(self.desk.context(AUTHOR), keys=self.known).results[0][
            "problems"
        ]
        return found

    def refused(self, plan: str, error: type[ClioError]) -> None:
        """Expect that a push is refused with exit code 5 or 7, and that nothing is sent."""
        with pytest.raises(error) as refused:
            self.desk.push(plan)
        assert refused.value.exit_code in {5, 7}
        assert self.desk.patches == []


@pytest.fixture
def at(quick_desk: Desk, tmp_path: Path) -> Iterator[SignedDesk]:
    """Return a firm with two approvers whose policy demands signatures."""
    matter = int(quick_desk.firm.clio.dump("matters")[0]["id"])
    found = SignedDesk(quick_desk, tmp_path / "keys", matter)
    for name in (APPROVER, "cy", "eve"):
        made(found.keys, name)
    context = quick_desk.context("admin")
    quick_desk.know()
    run_add(context, APPROVER, public(found.bo))
    run_add(context, "cy", public(found.keys / "cy"), [found.bo])
    run_policy(context, "signed", "two partners", [found.bo])
    yield found
    quick_desk.ended = False


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
    for change in (
        lambda: run_add(context, "Eve", public(at.keys / "eve"), keys),
        lambda: run_remove(context, "cy", keys),
        lambda: run_policy(context, "asserted", "quicker", keys),
    ):
        with pytest.raises(SignatureError):
            change()
    assert at.desk.rows("select count(*) from events") == head
    both = [at.bo, at.keys / "cy"]
    assert run_policy(context, "asserted", "quicker", both).results[0]["level"] == "asserted"


def test_settings_raise_and_never_lower(at: SignedDesk, quick_desk: Desk) -> None:
    """Neither `approval` nor `four_eyes` of the environment lowers what the ledger demands."""
    plan = at.plan()
    at.desk.review(plan)
    context = at.desk.context
    for changes in ({"approval": "off"}, {"approval": "asserted"}, {"four_eyes": False}):
        at.desk.context = lambda actor, changes=changes: replace(  # type: ignore[method-assign]
            context(actor), settings=replace(context(actor).settings, **changes)
        )
        at.refused(plan, ApprovalLevelError)
        assert run_list(at.desk.context(AUTHOR)).results[0]["level"] == "signed"


Attack = Callable[[SignedDesk, str], None]


def chained(at: SignedDesk, *rows: tuple[str, dict[str, object], str, str]) -> None:
    """Append events as somebody does who can compute hashes: chained, and with the head beside."""
    folder = at.desk.firm.folder
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as database:
        for kind, body, edit_id, plan_hash in rows:
            seq, before = database.execute(
                "select seq, hash from events order by seq desc limit 1"
            ).fetchone()
            row = [seq + 1, "2026-03-31T12:00:00.000000Z", "bo", kind, edit_id, plan_hash]
            row.append(canonical(body))
            after = link(before, row)
            database.execute("insert into events values (?,?,?,?,?,?,?,?,?)", [*row, before, after])
            (folder / HEAD).write_text(json.dumps(vars(Head(seq + 1, after))))
        database.commit()


def approval(at: SignedDesk, plan: str, **more: object) -> tuple[str, dict[str, object], str, str]:
    """Return an approval as somebody writes it by hand."""
    found = plan_file.load(plan_file.find(at.desk.firm.folder, plan))
    (edit,) = found.edits
    body: dict[str, object] = {
        "approver": "bo",
        "login": "bo",
        "level": "signed",
        "comment": "",
        "content_hash": edit.content,
    }
    return "edit_approved", body | more, edit.edit_id, found.hash


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
    ((statement,),) = at.desk.rows("select body from events where kind = 'review_signed'")
    ((mark,),) = at.desk.rows(
        "select body ->> '$.statement' from events where kind = 'edit_approved'"
    )
    at.desk.review(first, ReviewAnswer((), tuple(at.desk.states())))
    full = approval(at, first)[3]
    chained(
        at,
        ("review_signed", json.loads(statement), "", full),
        approval(at, first, statement=mark),
    )
    at.refused(first, ForgedApprovalError)
    assert len(at.proved()) == 1


def test_signature_of_another_plan(at: SignedDesk) -> None:
    """The signed statement of one plan beside the approvals of another."""
    first = at.plan("First")
    at.approve(first)
    assert at.desk.push(first).exit_code == 0
    second = at.plan("Second")
    ((statement,),) = at.desk.rows("select body from events where kind = 'review_signed'")
    ((mark,),) = at.desk.rows(
        "select body ->> '$.statement' from events where kind = 'edit_approved'"
    )
    full = approval(at, second)[3]
    chained(
        at,
        ("review_signed", json.loads(statement), "", full),
        approval(at, second, statement=mark),
    )
    with pytest.raises(ForgedApprovalError):
        at.desk.push(second)
    assert len(at.desk.patches) == 1
    assert len(at.proved()) == 1


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


def test_older_ledger(at: SignedDesk, tmp_path: Path) -> None:
    """An older ledger put back, with all that stands beside it, shows by what the witness was
    told; without a witness, by what the warehouse has seen.
    """
    witness = tmp_path / "elsewhere" / "heads"
    witness.parent.mkdir()
    context = at.desk.context
    at.desk.context = lambda actor: replace(  # type: ignore[method-assign]
        context(actor), settings=replace(context(actor).settings, witness=str(witness))
    )
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
