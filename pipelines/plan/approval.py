"""What an approval proves: the statement that an approver signed, or only a typed name."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.config import ASSERTED, OFF, SIGNED
from pipelines.ledger.canonical import canonical, sha256
from pipelines.ledger.errors import (
    ApprovalLevelError,
    ForgedApprovalError,
    FourEyesError,
    SignatureError,
)
from pipelines.ledger.ledger import Head, Ledger

from . import signatures
from .approval_policy import LEVELS, Approver, event, policy_of
from .four_eyes import Person, is_same
from .plan_file import Plan, PlannedEdit
from .plan_text import whole_text

REVIEW = "review_signed"


@dataclass(frozen=True)
class Review:
    """What is said of a plan: edits by their ids, a comment, and the hash of what was shown."""

    approved: Sequence[str]
    rejected: Sequence[str]
    comment: str
    shown: str

    def statement(self, plan: Plan, origins: Sequence[str], head: Head) -> str:
        """Return the text that an approver signs. It names all that the judgement is about."""
        return (
            canonical(
                {
                    "purpose": "review",
                    **_place_of(plan),
                    "origins": sorted(origins),
                    "approved": sorted(self.approved),
                    "rejected": sorted(self.rejected),
                    "comment": self.comment,
                    "shown": self.shown,
                    "head": str(head),
                }
            )
            + "\n"
        )


def _place_of(plan: Plan) -> dict[str, str]:
    return {
        "plan": plan.hash,
        "account": plan.account,
        "region": plan.region,
        "host": plan.host,
        "author": plan.author,
        "expires_at": plan.expires_at,
    }


def read_review(text: str) -> tuple[Review, dict[str, str]]:
    """Read a statement about a plan; return it, and the rest of what it names.

    Raises:
        SignatureError: it is no statement of a review.

    """
    try:
        found = json.loads(text)
        review = Review(
            tuple(map(str, found.pop("approved"))),
            tuple(map(str, found.pop("rejected"))),
            str(found.pop("comment")),
            str(found.pop("shown")),
        )
        found.pop("origins")
        if found.pop("purpose") == "review" and canonical(json.loads(text)) + "\n" == text:
            return review, {str(name): str(value) for name, value in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    message = "this is no statement of a review"
    raise SignatureError(message)


@dataclass(frozen=True)
class Approval:
    """The last judgement of an edit, where it approves: who, at which level, which content."""

    edit_id: str
    person: Person
    level: str
    content: str


APPROVALS = """
select edit_id, seq, kind, body from events e
where kind in ('edit_approved', 'edit_rejected') and plan_hash = ?
and seq = (select max(l.seq) from events l where l.edit_id = e.edit_id
    and l.kind in ('edit_approved', 'edit_rejected'))
order by seq
"""


def approvals(ledger: Ledger, plan: Plan, *, strict: bool = True) -> list[Approval]:
    """Return the edits of a plan whose last judgement is an approval, as that was proved.

    Not `strict`, one that says that it was signed and is not counts as a typed name.

    Raises:
        ForgedApprovalError: one says that it was signed, and is not.

    """
    reviews = signed_reviews(ledger, plan)
    found = []
    for edit_id, seq, kind, text in ledger.rows(APPROVALS, [plan.hash]):
        if kind != "edit_approved":
            continue
        body = event(text)
        person = Person(str(body.get("approver", "")), str(body.get("login", "")))
        level = OFF if body.get("level") == OFF else ASSERTED
        try:
            approver = _signed(ledger, reviews, body, edit_id, seq)
            if approver is not None:
                person, level = approver.person, SIGNED
        except ForgedApprovalError:
            if strict:
                raise
        found.append(Approval(edit_id, person, level, str(body.get("content_hash"))))
    return found


@dataclass(frozen=True)
class SignedReview:
    """A signed statement, where it stands in the ledger, and who signed it.

    It was signed when event `since` was the newest.
    """

    seq: int
    since: int
    review: Review
    approver: Approver

    def covers(self, edit_id: str, seq: int) -> bool:
        """Return whether an event is the approval that was recorded with it."""
        judged = len(self.review.approved) + len(self.review.rejected)
        return edit_id in self.review.approved and self.seq < seq <= self.seq + judged


MOVED = """
select 1 from steps where edit_id = ? and seq > ? and seq < ? and kind in ('edit_rejected',
    'edit_withdrawn', 'edit_settled', 'edit_rebased', 'plan_frozen', 'attempt_intended')
"""
"""What ends a signature that was given before, and was held back meanwhile."""


def is_stale(ledger: Ledger, edit_id: str, since: int, seq: int) -> bool:
    """Return whether something was decided about an edit after a statement about it was signed."""
    return bool(ledger.rows(MOVED, [edit_id, since, seq]))


def _signed(
    ledger: Ledger,
    reviews: Mapping[str, SignedReview | SignatureError],
    body: Mapping[str, Any],
    edit_id: str,
    seq: int,
) -> Approver | None:
    """Return who signed an approval; None of one that says that nobody did."""
    if not body.get("statement"):
        if str(body.get("level")) in {ASSERTED, OFF}:
            return None
        message = f"the approval of {edit_id} says that it was signed, and is not"
        raise ForgedApprovalError(message)
    found = reviews.get(str(body["statement"]))
    if isinstance(found, SignatureError):
        message = f"the approval of {edit_id}: {found}"
        raise ForgedApprovalError(message)
    if found is None or not found.covers(edit_id, seq):
        message = f"the approval of {edit_id} is not one that its signature is of"
        raise ForgedApprovalError(message)
    if is_stale(ledger, edit_id, found.since, found.seq):
        message = f"something else was decided about {edit_id} after its approval was signed"
        raise ForgedApprovalError(message)
    return found.approver


def signed_reviews(ledger: Ledger, plan: Plan) -> dict[str, SignedReview | SignatureError]:
    """Return the signed statements about a plan, by their hashes, each where it first stands.

    One that does not count is there as the error that says why.
    """
    found: dict[str, SignedReview | SignatureError] = {}
    rows = ledger.rows(
        "select seq, body from events where kind = ? and plan_hash = ? order by seq",
        [REVIEW, plan.hash],
    )
    for seq, text in rows:
        body = event(text)
        statement, signature = str(body.get("statement")), str(body.get("signature"))
        mark = sha256(statement)
        if mark in found:
            # one that stands twice was copied: its approvals count where it stands first
            continue
        try:
            review, approver, since = checked(ledger, plan, statement, signature, seq)
        except SignatureError as error:
            found[mark] = error
        else:
            found[mark] = SignedReview(seq, since, review, approver)
    return found


def checked(
    ledger: Ledger, plan: Plan, statement: str, signature: str, seq: int | None = None
) -> tuple[Review, Approver, int]:
    """Check a signed statement: of this plan, at a place of this ledger, by an approver.

    It gives the event that was the newest when it was signed, too. `seq` is the event that holds
    it; without one it is about to be recorded. The key counts if it was an approver's then and is
    so now.

    Raises:
        SignatureError: it does not count.
        ForgedApprovalError: who may sign was changed past clio-sync.

    """
    review, named = read_review(statement)
    head = named.pop("head", "")
    if named != _place_of(plan):
        message = f"the statement is not about the plan {plan.short}"
        raise SignatureError(message)
    since = demand_place(ledger, head, seq)
    if review.shown != sha256(whole_text(plan, 0)):
        message = f"what was shown to whoever signed is not the text of the plan {plan.short}"
        raise SignatureError(message)
    then, now = policy_of(ledger, seq), policy_of(ledger)
    signers = then.signed_by(statement, [signature], signatures.PLAN)
    if not signers:
        message = "the statement is not signed by an approver of this ledger"
        raise SignatureError(message)
    (approver,) = signers
    if approver.key.fingerprint not in now.approvers:
        message = f"the key of {approver.name} is no approver's any more"
        raise SignatureError(message)
    return review, approver, since


def demand_place(ledger: Ledger, head: str, seq: int | None) -> int:
    """Return at which event of this ledger a statement was made; refuse one of another place.

    Raises:
        SignatureError: it was not.

    """
    place = ledger.rows("select seq from events where seq || ':' || hash = ?", [head])
    if not place or (seq is not None and place[0][0] >= seq):
        message = "the statement was made for another ledger, or for an older one"
        raise SignatureError(message)
    return int(place[0][0])


def demand_level(level: str, found: Approval) -> None:
    """Refuse an approval that proves less than is demanded.

    Raises:
        ApprovalLevelError: it does.

    """
    if LEVELS.index(found.level) < LEVELS.index(level):
        message = f"the approval of {found.edit_id} is {found.level}, and {level} is demanded"
        raise ApprovalLevelError(message)


def demand_other(ledger: Ledger, plan: Plan, edit: PlannedEdit, me: Person) -> None:
    """Refuse the approval of whoever proposed or planned an edit, in whatever spelling.

    Raises:
        FourEyesError: the edit is the approver's own.

    """
    proposed = "select body ->> '$.login' from events where kind = 'edit_proposed' and edit_id = ?"
    logins = [login for (login,) in ledger.rows(proposed, [edit.edit_id])]
    if is_same(Person(edit.author, logins[0] or "" if logins else ""), me):
        message = f"the edit {edit.edit_id} was proposed by {edit.author}, who is taken for you"
        raise FourEyesError(message)
    if is_same(Person(plan.author, plan.author_login), me):
        message = f"the plan {plan.short} was made by {plan.author}, who is taken for you"
        raise FourEyesError(message)
