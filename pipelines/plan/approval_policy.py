"""What is demanded of approvals, and who may sign them, as events of the ledger say.

Each event is checked where it stands: one that somebody wrote past clio-sync has no signature of
those who may, and does not count.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipelines.config import APPROVAL_LEVELS, ASSERTED, OFF, SESSION, SIGNED
from pipelines.context import Context
from pipelines.ledger.canonical import canonical, read
from pipelines.ledger.errors import ForgedApprovalError, SignatureError
from pipelines.ledger.ledger import Ledger
from sources.clio_http.clock import Clock
from sources.errors import ClioError

from . import signatures
from .four_eyes import Person, is_same
from .plan_file import Plan
from .signatures import PublicKey

LEVELS = APPROVAL_LEVELS
KINDS = POLICY, ADDED, REMOVED = "policy_set", "approver_added", "approver_removed"
SIGNERS = 2
"""So many approvers sign a change of who may approve, where there are so many."""


@dataclass(frozen=True)
class Approver:
    """Someone whose key counts: the name, the key, and the login that is theirs, if it was told."""

    name: str
    key: PublicKey
    login: str = ""

    @property
    def person(self) -> Person:
        """Return who it is."""
        return Person(self.name, self.login)


@dataclass
class Policy:
    """What is demanded of approvals, and who may sign them, after some event of the ledger.

    `problems` are the events that do not count, in words; `acknowledged` is the event up to which
    a signed policy takes what was done before as it is.
    """

    level: str = ASSERTED
    approvers: dict[str, Approver] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    acknowledged: int = 0

    @property
    def signers(self) -> int:
        """Return how many approvers sign a change of the policy or of the approvers."""
        return min(SIGNERS, len(self.approvers))

    def signed_by(self, text: str, given: object, purpose: str) -> list[Approver]:
        """Return the approvers whose signatures of a text are among some, each once."""
        keys = [one.key for one in self.approvers.values()]
        found = {}
        for signature in given if isinstance(given, list) else ():
            key = signatures.signer(text, str(signature), keys, purpose)
            if key is not None:
                found[key.fingerprint] = self.approvers[key.fingerprint]
        return list(found.values())


def event(text: str) -> dict[str, Any]:
    """Return the body of an event; empty where somebody wrote one that is none of ours."""
    try:
        body = read(text)
        canonical(body)
    except (ValueError, TypeError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def higher(*levels: str) -> str:
    """Return the level that proves most."""
    return max(levels, key=LEVELS.index)


def demanded(context: Context, ledger: Ledger, plan: Plan | None = None) -> str:
    """Return what approvals have to be: the most of the policy, the setting, and the plan.

    A setting below the policy lowers nothing, and is told as a note.

    Raises:
        ForgedApprovalError: the policy or the approvers were changed past clio-sync.

    """
    policy, wanted = policy_of(ledger).level, context.settings.approval
    wishes_off = OFF in {wanted, *(() if context.settings.four_eyes else (OFF,))}
    if wishes_off and policy != OFF:
        context.reporter.note(
            f"a setting cannot lower what approvals have to be: it stays {policy}; see clio-sync"
            " approvers policy -h"
        )
    return higher(policy, wanted or OFF, plan.approval if plan else OFF)


def standing(folder: Path, clock: Clock, wanted: str) -> str:
    """Return what approvals have to be in a data folder, as a line; empty where nothing waits.

    `wanted` is what the settings demand at least.
    """
    try:
        with Ledger.open(folder, clock, read_only=True) as ledger:
            if not ledger.head().count:
                return ""
            level = higher(policy_of(ledger).level, wanted or OFF)
    except ClioError as error:
        return f"Approvals cannot be told: {error}."
    alone = {
        ASSERTED: ": one login can use two names",
        OFF: ": whoever proposes may approve",
    }
    return f"Approvals have to be {level}{alone.get(level, '')}."


EVENTS = "select seq, kind, body, prev_hash from events where kind in (?, ?, ?) order by seq"


def policies(ledger: Ledger) -> Iterator[tuple[int, Policy]]:
    """Return the policy after each event that changed it, with that event's number, in order.

    An event that does not count is among its problems.
    """
    policy = Policy()
    yield 0, policy
    for seq, kind, text, before in ledger.rows(EVENTS, list(KINDS)):
        policy = replace(policy, approvers=dict(policy.approvers), problems=[*policy.problems])
        body = event(text)
        why = _take(policy, seq, kind, body, f"{seq - 1}:{before}" if before else "")
        if why:
            policy.problems.append(f"event {seq} ({kind}) does not count: {why}")
        yield seq, policy


def changed_since(ledger: Ledger, seq: int) -> bool:
    """Return whether the policy or the approvers were changed after an event."""
    newer = "select 1 from events where seq > ? and kind in (?, ?, ?)"
    return bool(ledger.rows(newer, [seq, *KINDS]))


def policy_of(ledger: Ledger, at_most: int | None = None) -> Policy:
    """Return what is demanded and who may sign, now or after event `at_most`.

    Raises:
        ForgedApprovalError: an event that changed it was not signed by those who may.

    """
    found = Policy()
    for seq, policy in policies(ledger):
        if at_most is not None and seq > at_most:
            break
        found = policy
        if policy.problems:
            raise ForgedApprovalError(policy.problems[0])
    return found


def _take(policy: Policy, seq: int, kind: str, body: Mapping[str, Any], head: str) -> str:
    """Let a policy follow an event; return why the event does not count, or nothing."""
    try:
        change = Change.read(kind, body)
    except (KeyError, TypeError, SignatureError):
        return "it cannot be read"
    if body.get("statement") != change.statement(head):
        return "its text is not of this place in this ledger"
    why = change.refused(policy)
    if why:
        return why
    by = policy.signed_by(change.statement(head), body.get("signatures", ()), signatures.APPROVERS)
    if len(by) < change.needed(policy):
        return f"{change.needed(policy)} approvers had to sign it, and {len(by)} did"
    change.apply(policy)
    if kind == POLICY and by:
        policy.acknowledged = seq
    return ""


@dataclass(frozen=True)
class Change:
    """A change of the policy, with `level` and `reason`, or of the approvers, with the rest."""

    kind: str
    level: str = ""
    reason: str = ""
    name: str = ""
    key: PublicKey | None = None
    login: str = ""

    @classmethod
    def read(cls, kind: str, body: Mapping[str, Any]) -> "Change":
        """Read it from an event.

        Raises:
            KeyError, TypeError, SignatureError: it is none.

        """
        if kind == POLICY:
            return cls(kind, level=str(body["level"]), reason=str(body["reason"]))
        key = signatures.public_key(body["key"])
        return cls(kind, name=str(body["name"]), key=key, login=str(body["login"]))

    @property
    def body(self) -> dict[str, str]:
        """Return what the event holds of it."""
        if self.kind == POLICY:
            return {"level": self.level, "reason": self.reason}
        return {"name": self.name, "key": self.key.text if self.key else "", "login": self.login}

    def statement(self, head: str) -> str:
        """Return the text that is signed, at the place in the ledger that `head` is."""
        return canonical({**self.body, "purpose": self.kind, "head": head}) + "\n"

    def needed(self, policy: Policy) -> int:
        """Return how many approvers have to sign it."""
        if self.kind != POLICY:
            return policy.signers
        is_lower = LEVELS.index(self.level) < LEVELS.index(policy.level)
        return policy.signers if is_lower and policy.level != ASSERTED else 0

    def refused(self, policy: Policy) -> str:
        """Return why it cannot be made, whoever signs it; empty if it can."""
        mark = self.key.fingerprint if self.key else ""
        must_sign = policy.level in {SIGNED, SESSION}
        people = [one.person for one in policy.approvers.values()]
        cases = {
            POLICY: (
                ("there is no such level", self.level not in LEVELS),
                ("there is no approver yet who could sign", self._is_to_sign and not people),
            ),
            ADDED: (
                ("this key is an approver's already", mark in policy.approvers),
                (
                    "there is an approver of this name, or of one that looks like it",
                    any(is_same(one, Person(self.name)) for one in people),
                ),
            ),
            REMOVED: (
                ("this key is no approver's", mark not in policy.approvers),
                (
                    "the last approver stays while approvals are signed",
                    must_sign and not people[1:],
                ),
            ),
        }
        return next((why for why, is_so in cases[self.kind] if is_so), "")

    @property
    def _is_to_sign(self) -> bool:
        return self.level in {SIGNED, SESSION}

    def apply(self, policy: Policy) -> None:
        """Let the policy follow it."""
        if self.kind == POLICY:
            policy.level = self.level
        elif self.key is not None and self.kind == ADDED:
            approver = Approver(self.name, self.key, self.login)
            policy.approvers[self.key.fingerprint] = approver
        elif self.key is not None:
            del policy.approvers[self.key.fingerprint]
