"""The commands that look at edits and take them back."""

import json
from collections.abc import Sequence
from typing import Any

from pipelines.context import Context
from pipelines.errors import EditRefusedError
from pipelines.ledger.ledger import Entry, Ledger
from pipelines.outcome import Outcome, table
from pipelines.warehouse import prepare_data_folder, writer_lock

from .values import plain

COLUMNS = (
    *("edit_id", "state", "resource", "record_id", "label", "field", "base", "new_value"),
    *("reason", "author", "origin", "base_etag", "proposed_at", "final_at"),
    *("plan_hash", "note", "theirs"),
)
EDITS = f"select {', '.join(COLUMNS)} from edits"  # noqa: S608 - the names above
OPEN = "(final_at is null or state in ('conflicted', 'needs_human'))"
MAY_BE_WITHDRAWN = frozenset({"proposed", "planned", "approved", "conflicted", "needs_human"})
HEADER = ("edit", "state", "record", "field", "base", "proposed", "author")
AS_JSON = ("base", "new_value", "theirs")


def run_list(context: Context, states: Sequence[str], *, every: bool = False) -> Outcome:
    """List the edits that are open; or those in some states; or all.

    Raises:
        LedgerError: the ledger is damaged.

    """
    started_at = context.clock.now()
    query = f"{EDITS} order by proposed_at, edit_id"
    with Ledger.open(context.settings.data_dir, context.clock, read_only=True) as ledger:
        if states:
            marks = ", ".join("?" * len(states))
            query = f"{EDITS} where state in ({marks}) order by proposed_at, edit_id"
        elif not every:
            query = f"{EDITS} where {OPEN} order by proposed_at, edit_id"
        found = [_edit(row) for row in ledger.rows(query, states)]
    cells = [
        (
            edit["edit_id"],
            edit["state"],
            f"{edit['resource']} {edit['record_id']} {edit['label']}".strip(),
            edit["field"],
            plain(edit["base"]),
            plain(edit["new_value"]),
            edit["author"],
        )
        for edit in found
    ]
    kind = "" if states or every else " open"
    text = table(HEADER, cells) + "\n\n" if cells else ""
    text += f"{len(found):,}{kind} {'edit' if len(found) == 1 else 'edits'}.\n"
    return Outcome("edits list", started_at, context.clock.now(), results=found, text=text)


def run_show(context: Context, edit_id: str) -> Outcome:
    """Show all of one edit, and what happened to it.

    Raises:
        EditRefusedError: there is no such edit.
        LedgerError: the ledger is damaged.

    """
    started_at = context.clock.now()
    with Ledger.open(context.settings.data_dir, context.clock, read_only=True) as ledger:
        edit = _one(ledger, edit_id)
        steps = ledger.rows(
            "select seq, at, actor, kind from steps where edit_id = ? order by seq",
            [edit["edit_id"]],
        )
    edit["events"] = [
        dict(zip(("seq", "at", "actor", "kind"), step, strict=True)) for step in steps
    ]
    lines = [(name, plain(edit[name])) for name in COLUMNS if edit[name] not in {"", None}]
    text = table(("", ""), lines).partition("\n")[2].partition("\n")[2] + "\n\n"
    text += table(("event", "at", "by", "what"), steps) + "\n"
    return Outcome("edits show", started_at, context.clock.now(), results=[edit], text=text)


def run_withdraw(context: Context, edit_ids: Sequence[str], reason: str) -> Outcome:
    """Take edits back, all of them or none.

    Raises:
        EditRefusedError: there is no such edit, or it cannot be taken back any more.
        BusyError: another run is at work on this data folder.
        LedgerError: the ledger is damaged.

    """
    started_at, folder = context.clock.now(), context.settings.data_dir
    if not folder.exists():
        raise _unknown(edit_ids[0])
    prepare_data_folder(folder)
    with (
        writer_lock(folder, "edits withdraw", started_at),
        Ledger.open(folder, context.clock) as ledger,
    ):
        edits = [_one(ledger, edit_id) for edit_id in dict.fromkeys(edit_ids)]
        for edit in edits:
            _demand_withdrawable(edit)
        entries = [
            Entry("edit_withdrawn", {"reason": reason}, edit["edit_id"], edit["plan_hash"] or "")
            for edit in edits
        ]
        ledger.record(context.settings.actor, *entries)
        results = [_one(ledger, edit["edit_id"]) for edit in edits]
    count = f"{len(edits):,} {'edit' if len(edits) == 1 else 'edits'}"
    text = f"{count} withdrawn; nothing was sent to Clio.\n"
    return Outcome("edits withdraw", started_at, context.clock.now(), results=results, text=text)


def _demand_withdrawable(edit: dict[str, Any]) -> None:
    state = edit["state"]
    if state in MAY_BE_WITHDRAWN:
        return
    message = f"the edit {edit['edit_id']} is {state} and cannot be withdrawn any more"
    if state in {"in_flight", "unknown"}:
        message = (
            f"the edit {edit['edit_id']} may have reached Clio already; clio-sync push finds out"
            " what became of it"
        )
    raise EditRefusedError(message)


def _one(ledger: Ledger, edit_id: str) -> dict[str, Any]:
    found = ledger.rows(f"{EDITS} where edit_id = ?", [edit_id.strip()])
    if not found:
        raise _unknown(edit_id)
    return _edit(found[0])


def _unknown(edit_id: str) -> EditRefusedError:
    shown = edit_id if edit_id.isalnum() else "of this name"
    message = f"there is no edit {shown}; clio-sync edits list --all lists them"
    return EditRefusedError(message)


def _edit(row: Sequence[Any]) -> dict[str, Any]:
    edit = dict(zip(COLUMNS, row, strict=True))
    for name in AS_JSON:
        edit[name] = None if edit[name] is None else json.loads(edit[name])
    return edit
