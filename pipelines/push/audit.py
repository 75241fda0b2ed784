"""The `audit` commands: who approved what, what was sent, and whether the ledger is whole.

The chain shows a changed, dropped or swapped event, and with a head that was kept elsewhere also a
ledger that was cut or written anew. It proves nothing without such a head.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipelines.context import Context
from pipelines.errors import LedgerError
from pipelines.ledger.canonical import SHORT, read, sha256
from pipelines.ledger.ledger import FILE, Head, Ledger
from pipelines.outcome import Outcome, counted, table
from pipelines.plan import witness
from pipelines.state import own_writes
from pipelines.warehouse import FILE as WAREHOUSE
from pipelines.warehouse import Warehouse, writer_lock
from sources.errors import ClioError

from . import audit_keys

VALUES = ("base", "new_value", "theirs", "returned", "comment", "reason", "note", "label", "told")
"""What of an event is shown as a hash only: it may hold what clients said to the firm."""
HEADER = ("seq", "at", "actor", "event", "edit", "plan", "what")
LAST = 200


def run_show(context: Context, last: int = LAST, plan: str = "", edit: str = "") -> Outcome:
    """Return the newest events, the values in them by their hashes.

    `plan` and `edit` choose those of one plan, by the beginning of its hash, or of one edit.
    """
    outcome = Outcome("audit show", context.clock.now())
    with Ledger.open(context.settings.data_dir, context.clock, read_only=True) as ledger:
        found = ledger.rows(
            "select distinct e.seq, e.at, e.actor, e.kind, e.edit_id, e.plan_hash, e.body,"
            " e.prev_hash, e.hash from events e"
            " where substr(e.plan_hash, 1, length(?1)) = ?1 and (?2 = '' or e.seq in"
            " (select seq from steps where edit_id = ?2)) order by e.seq desc limit ?3",
            [plan, edit, last],
        )
        head = ledger.head()
    outcome.results = [_event(row) for row in reversed(found)]
    cells = [_cells(one) for one in outcome.results]
    outcome.text = (table(HEADER, cells) + "\n\n" if cells else "") + _head_text(head)
    outcome.finished_at = context.clock.now()
    return outcome


def _event(row: tuple[Any, ...]) -> dict[str, Any]:
    seq, at, actor, kind, edit_id, plan_hash, body, prev_hash, event_hash = row
    return {
        "seq": seq,
        "at": at,
        "actor": actor,
        "kind": kind,
        "edit_id": edit_id,
        "plan_hash": plan_hash,
        "body": hidden(read(body)),
        "prev_hash": prev_hash,
        "hash": event_hash,
    }


def hidden(body: dict[str, Any]) -> dict[str, Any]:
    """Replace values by their hashes."""
    return {
        name: f"sha256:{sha256(json.dumps(value))}" if name in VALUES and value else value
        for name, value in body.items()
    }


def _cells(one: Mapping[str, Any]) -> tuple[object, ...]:
    body = one["body"]
    names = ("resource", "record_id", "field", "approver", "state", "outcome", "status", "if_match")
    what = ", ".join(f"{name} {body[name]}" for name in names if body.get(name))
    return (
        str(one["seq"]),
        one["at"],
        one["actor"],
        one["kind"],
        one["edit_id"],
        one["plan_hash"][:SHORT],
        what,
    )


def _head_text(head: Head) -> str:
    if not head.count:
        return "The ledger is empty.\n"
    return (
        f"Head: {head}\nKeep it outside this machine (an e-mail, a ticket): clio-sync audit verify"
        " --head HEAD then shows whether the ledger was cut or written anew.\n"
    )


def run_verify(context: Context, head: str = "", keys: Path | None = None) -> Outcome:
    """Check every event of the ledger, the head that the warehouse saw last, and a given one.

    With a file of public keys, that each approval which led to a write is signed by one of them.

    Raises:
        SignatureError: the file of keys cannot be used.

    """
    outcome = Outcome("audit verify", context.clock.now())
    folder = context.settings.data_dir
    known = audit_keys.read_keys(keys) if keys else []
    with Ledger.reopen(folder, context.clock, read_only=True) as ledger:
        found = ledger.verify(head)
        found += [str(error) for error in _witnessed(context, ledger)]
        if keys:
            found += audit_keys.problems(ledger, known)
        if ledger.lost(*_seen(context)) and not found:
            found = ["the warehouse saw a longer ledger, or another one"]
        now = ledger.head()
    outcome.results = [{"events": now.count, "head": str(now), "problems": found}]
    outcome.text = "\n".join([*found, _head_text(now)])
    if not found:
        outcome.text = f"{FILE} is whole: {now.count:,} events, each as it was written.\n"
        if keys:
            outcome.text += f"Every write was approved by one of {counted(len(known), 'key')}.\n"
        outcome.text += _head_text(now)
    else:
        error = LedgerError(f"{len(found):,} problems, the first: {found[0]}")
        outcome.errors, outcome.exit_code = [("", error)], error.exit_code
    outcome.finished_at = context.clock.now()
    return outcome


def _witnessed(context: Context, ledger: Ledger) -> Iterator[ClioError]:
    """Yield what the witness knows and the ledger does not hold, for each account of a plan."""
    for (account,) in ledger.rows("select distinct account from plans"):
        try:
            witness.demand(context, ledger, account)
        except ClioError as error:
            yield error


def run_accept(context: Context) -> Outcome:
    """Go on with a ledger of which the end is lost, and record who said so.

    Raises:
        LedgerError: an event in it was changed: that is never accepted.

    """
    outcome = Outcome("audit accept", context.clock.now())
    folder, clock = context.settings.data_dir, context.clock
    with writer_lock(folder, "audit accept", clock.now()), Ledger.reopen(folder, clock) as ledger:
        lost = ledger.lost(*_seen(context))
        if found := ledger.broken():
            message = f"{found[0]}; that is never accepted"
            raise LedgerError(message)
        if lost:
            ledger.accept(context.settings.actor, lost)
        ledger.demand_whole()
        now = ledger.head()
    outcome.results = [{"lost": [str(one) for one in lost], "head": str(now)}]
    outcome.text = "Nothing is lost.\n"
    if lost:
        outcome.text = (
            "Recorded: the ledger goes on without its end. What was sent in that part is not known"
            " here: look at clio-sync edits list before the next plan.\n"
        )
    outcome.finished_at = clock.now()
    return outcome


def _seen(context: Context) -> list[Head]:
    """Return the head that the warehouse saw last, where it can be opened."""
    if not (context.settings.data_dir / WAREHOUSE).exists():
        return []
    try:
        with Warehouse(context.settings.data_dir, read_only=True) as warehouse:
            return [Head(*own_writes.seen(warehouse))]
    except ClioError:
        return []  # another run has it open; that one compares them itself
