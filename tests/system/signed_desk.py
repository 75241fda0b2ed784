"""A firm whose approvals are signed, and somebody who writes into its ledger past clio-sync."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pipelines.ledger.canonical import canonical
from pipelines.ledger.ledger import HEAD, Head, link
from pipelines.plan import plan_file
from pipelines.plan.approvers import run_add, run_policy
from pipelines.plan.review import ReviewAnswer
from pipelines.push.audit import run_verify
from sources.errors import ClioError
from tests.system.keys import made, public
from tests.system.writing import APPROVER, AUTHOR, Desk

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


def signing(quick_desk: Desk, tmp_path: Path) -> Iterator[SignedDesk]:
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


def chained(at: SignedDesk, *rows: tuple[str, dict[str, object] | str, str, str]) -> None:
    """Append events as somebody does who can compute hashes: chained, and with the head beside."""
    folder = at.desk.firm.folder
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as database:
        for kind, body, edit_id, plan_hash in rows:
            seq, before = database.execute(
                "select seq, hash from events order by seq desc limit 1"
            ).fetchone()
            row = [seq + 1, "2026-03-31T12:00:00.000000Z", "bo", kind, edit_id, plan_hash]
            row.append(body if isinstance(body, str) else canonical(body))
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


def replayed(at: SignedDesk, plan: str) -> None:
    """Append the signed statement that there is once more, and an approval beside it."""
    ((statement,),) = at.desk.rows("select body from events where kind = 'review_signed'")
    ((mark,),) = at.desk.rows(
        "select body ->> '$.statement' from events where kind = 'edit_approved'"
    )
    row = approval(at, plan, statement=mark)
    chained(at, ("review_signed", json.loads(statement), "", row[3]), row)
