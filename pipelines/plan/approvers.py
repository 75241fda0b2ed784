"""The `approvers` commands: who may sign approvals, and what approvals have to be."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.config import SIGNED
from pipelines.context import Context
from pipelines.errors import CommandLineError
from pipelines.ledger.errors import SignatureError
from pipelines.ledger.ledger import Entry, Ledger
from pipelines.outcome import Outcome, table

from . import signatures
from .approval_policy import ADDED, POLICY, REMOVED, Change, Policy, demanded, policy_of
from .session import person
from .signatures import read_public_key

HEADER = ("name", "key", "login")


def run_list(context: Context) -> Outcome:
    """Return what approvals have to be, and the approvers whose signatures count."""
    outcome = Outcome("approvers list", context.clock.now())
    with Ledger.open(context.settings.data_dir, context.clock, read_only=True) as ledger:
        policy, level = policy_of(ledger), demanded(context, ledger)
    outcome.results = [
        {"level": level, "policy": policy.level},
        *(
            {"name": one.name, "key": one.key.text, "fingerprint": mark, "login": one.login}
            for mark, one in policy.approvers.items()
        ),
    ]
    cells = [(one.name, mark, one.login) for mark, one in policy.approvers.items()]
    outcome.text = table(HEADER, cells) + "\n\n" if cells else "There are no approvers.\n"
    outcome.text += f"Approvals have to be: {level} (policy of the ledger: {policy.level}).\n"
    outcome.finished_at = context.clock.now()
    return outcome


def run_add(
    context: Context, name: str, key: Path, sign: Sequence[Path] = (), login: str = ""
) -> Outcome:
    """Let someone's signature count. The first approver needs no other's signature.

    Raises:
        SignatureError: the file holds no public key, or approvers who have to sign did not.
        CommandLineError: the name or the key is an approver's already.

    """
    change = Change(ADDED, name=name.strip(), key=read_public_key(key), login=login)
    return _record(context, "approvers add", change, sign)


def run_remove(context: Context, name: str, sign: Sequence[Path] = ()) -> Outcome:
    """Let someone's signature count no longer; what they signed before stays as it is.

    Raises:
        CommandLineError: there is no such approver, or it is the last one.
        SignatureError: approvers who have to sign did not.

    """
    with Ledger.open(context.settings.data_dir, context.clock, read_only=True) as ledger:
        policy = policy_of(ledger)
    known = [one for mark, one in policy.approvers.items() if name in {one.name, mark}]
    if not known:
        message = "there is no approver of this name or fingerprint; see clio-sync approvers list"
        raise CommandLineError(message)
    change = Change(REMOVED, name=known[0].name, key=known[0].key, login=known[0].login)
    return _record(context, "approvers remove", change, sign)


def run_policy(context: Context, level: str, reason: str, sign: Sequence[Path] = ()) -> Outcome:
    """Set what approvals have to be.

    Raises:
        CommandLineError: nobody could sign under it.
        SignatureError: it is lower, and approvers who have to sign did not.

    """
    return _record(context, "approvers policy", Change(POLICY, level, reason), sign)


def _record(context: Context, command: str, change: Change, sign: Sequence[Path]) -> Outcome:
    """Record a change, signed by those who have to."""
    outcome = Outcome(command, context.clock.now())
    with Ledger.open(context.settings.data_dir, context.clock) as ledger:
        ledger.demand_whole()
        policy, head = policy_of(ledger), ledger.head()
        if why := change.refused(policy):
            raise CommandLineError(why)
        statement = change.statement(str(head) if head.count else "")
        given = [signatures.signed(statement, key, signatures.APPROVERS) for key in sign]
        by = policy.signed_by(statement, given, signatures.APPROVERS)
        _demand_signers(policy, change, len(by), given)
        body = {
            **change.body,
            "statement": statement,
            "signatures": given,
            "by": person(context).login,
        }
        ledger.record(
            context.settings.actor,
            Entry(change.kind, body),
            unless=lambda: _demand_head(ledger, str(head)),
        )
        level = demanded(context, ledger)
    outcome.results = [{**change.body, "kind": change.kind, "level": level}]
    outcome.text = _text(change, level)
    outcome.finished_at = context.clock.now()
    return outcome


def _demand_signers(policy: Policy, change: Change, found: int, given: Sequence[str]) -> None:
    needed = change.needed(policy)
    if found < needed or len(given) > found:
        names = ", ".join(one.name for one in policy.approvers.values())
        message = (
            f"it is signed by {found} approvers of this ledger, and {needed} have to sign it (of"
            f" {names or 'nobody'}): --sign KEY, once for each"
        )
        raise SignatureError(message)


def _demand_head(ledger: Ledger, head: str) -> None:
    if str(ledger.head()) != head:
        message = "something else was recorded just now, and the signature is of the place before"
        raise SignatureError(message)


def _text(change: Change, level: str) -> str:
    if change.kind == POLICY:
        return f"Recorded: approvals have to be {change.level}. Now demanded: {level}.\n"
    mark = change.key.fingerprint if change.key else ""
    what = "counts" if change.kind == ADDED else "counts no longer"
    text = f"Recorded: the signature of {change.name} with {mark} {what}.\n"
    if change.kind == ADDED and level != SIGNED:
        text += "Next: clio-sync approvers policy signed --reason R --sign KEY\n"
    return text
