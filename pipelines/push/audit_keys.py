"""`audit verify --keys`: what the ledger says of approvals, proved by public keys alone.

The keys come from outside, so that a ledger that somebody made anew, with keys of their own, shows.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipelines.config import SIGNED
from pipelines.ledger.canonical import SHORT, sha256
from pipelines.ledger.errors import SignatureError
from pipelines.ledger.ledger import Ledger
from pipelines.plan import signatures
from pipelines.plan.approval import REVIEW, demand_place, is_stale, read_review
from pipelines.plan.approval_policy import LEVELS, Policy, event, policies
from pipelines.plan.four_eyes import Person, is_same
from pipelines.plan.signatures import PublicKey, public_key


def read_keys(path: Path) -> list[PublicKey]:
    """Read public keys, one in a line, as in `authorized_keys` or `allowed_signers`.

    Raises:
        SignatureError: the file cannot be read, or a line of it is none.

    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        message = f"{path.name} cannot be read"
        raise SignatureError(message) from None
    return [public_key(line) for line in lines if line.strip() and not line.startswith("#")]


def problems(ledger: Ledger, keys: Sequence[PublicKey]) -> list[str]:
    """Return what the keys do not prove, in words; nothing where every write is proved."""
    found = list(policies(ledger))
    return [*_of_policy(found, keys), *_Proof(ledger, keys, found).problems()]


def _of_policy(found: Sequence[tuple[int, Policy]], keys: Sequence[PublicKey]) -> Iterator[str]:
    known = {key.fingerprint for key in keys}
    everybody = {mark: one for _, policy in found for mark, one in policy.approvers.items()}
    for mark, one in everybody.items():
        if mark not in known:
            yield f"the key of the approver {one.name}, {mark}, is not among those given"
    yield from found[-1][1].problems
    if SIGNED not in {policy.level for _, policy in found}:
        yield "this ledger never demanded that approvals are signed"


class _Proof:
    """The approvals of a ledger, held against the keys."""

    def __init__(
        self, ledger: Ledger, keys: Sequence[PublicKey], found: Sequence[tuple[int, Policy]]
    ) -> None:
        self.ledger = ledger
        self.keys = keys
        self.policies = found
        self.now = found[-1][1]
        self.signed = dict(self._signed())

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with each approval that counts or counted."""
        rows = self.ledger.rows(
            "select seq, kind, edit_id, plan_hash, body from events where kind in"
            " ('edit_approved', 'edit_rejected', 'attempt_intended') order by seq"
        )
        last: dict[str, str] = {}
        for seq, kind, edit_id, plan_hash, text in rows:
            body = event(text)
            if kind == "attempt_intended":
                yield from self._of_attempt(seq, plan_hash, body, last)
            elif kind == "edit_rejected":
                last[edit_id] = "it was rejected"
            else:
                last[edit_id] = self._why_not(seq, edit_id, plan_hash, body)
        for edit_id, why in last.items():
            if why and why != "it was rejected" and self._waits(edit_id):
                yield f"the approval of {edit_id} is not proved: {why}"

    def _of_attempt(
        self, seq: int, plan_hash: str, body: dict[str, Any], last: dict[str, str]
    ) -> Iterator[str]:
        if seq <= self.now.acknowledged:
            return
        edits = body.get("edits")
        for edit_id in map(str, edits) if isinstance(edits, list) else ("an edit",):
            why = last.get(edit_id, "nobody approved it")
            if why:
                yield (
                    f"event {seq}: a write of plan {plan_hash[:SHORT]} left with {edit_id}, and"
                    f" its approval is not proved: {why}"
                )

    def _waits(self, edit_id: str) -> bool:
        states = self.ledger.rows("select state from edits where edit_id = ?", [edit_id])
        return states == [("approved",)] and self.now.level == SIGNED

    def _why_not(self, seq: int, edit_id: str, plan_hash: str, body: dict[str, Any]) -> str:
        """Return why an approval is not proved; empty where it is."""
        mark = str(body.get("statement") or "")
        if not mark:
            level = str(body.get("level"))
            return f"it is not signed ({level if level in LEVELS else 'no level'})"
        if mark not in self.signed:
            return "its signature is missing or of no key that was given"
        return self._of_statement(seq, edit_id, plan_hash, mark)

    def _of_statement(self, seq: int, edit_id: str, plan_hash: str, mark: str) -> str:
        """Return why a signed statement does not prove an approval; empty where it does."""
        place, named, approved, name = self.signed[mark]
        if named.get("plan") != plan_hash or edit_id not in approved:
            return "its signature is of something else"
        if not place < seq <= place + len(approved) + int(named["rejected"]):
            return "its signature was given at another place"
        if is_stale(self.ledger, edit_id, int(named["since"]), place):
            return "something else was decided about it after it was signed"
        authors = self._authors(edit_id, plan_hash)
        if any(is_same(author, Person(name)) for author in authors):
            return "its author signed it"
        return ""

    def _authors(self, edit_id: str, plan_hash: str) -> Iterator[Person]:
        for (author,) in self.ledger.rows("select author from edits where edit_id = ?", [edit_id]):
            yield Person(author)
        for (author,) in self.ledger.rows(
            "select author from plans where plan_hash = ?", [plan_hash]
        ):
            yield Person(author)

    def _signed(self) -> Iterator[tuple[str, tuple[int, dict[str, str], tuple[str, ...], str]]]:
        """Yield the statements that a key signed, by their hashes, each where it first stands."""
        seen = set()
        rows = self.ledger.rows(
            "select seq, body from events where kind = ? order by seq", [REVIEW]
        )
        for seq, text in rows:
            body = event(text)
            statement, signature = str(body.get("statement")), str(body.get("signature"))
            mark = sha256(statement)
            try:
                review, named = read_review(statement)
                since = demand_place(self.ledger, named.get("head", ""), seq)
            except SignatureError:
                continue
            key = signatures.signer(statement, signature, self.keys, signatures.PLAN)
            name = self._approver(seq, key)
            if mark not in seen and name:
                seen.add(mark)
                named = {**named, "rejected": str(len(review.rejected)), "since": str(since)}
                yield mark, (seq, named, tuple(review.approved), name)

    def _approver(self, seq: int, key: PublicKey | None) -> str:
        """Return whose key it was then; empty where it was nobody's."""
        then = [policy for at, policy in self.policies if at <= seq][-1]
        one = then.approvers.get(key.fingerprint) if key else None
        return one.name if one else ""
