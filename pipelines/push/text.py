"""What a push did, for people and as results."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipelines.ledger.canonical import read
from pipelines.ledger.errors import EditFailedError
from pipelines.ledger.ledger import Ledger
from pipelines.outcome import table
from pipelines.plan.outcomes import FOR_A_PERSON, State
from pipelines.plan.plan_file import Plan
from pipelines.plan.text import listed, whole_text
from sources.errors import ClioError

WORDS: Mapping[str, str] = {
    State.APPLIED: "applied",
    State.APPLIED_OBSERVED: "seen in Clio",
    State.NO_CHANGE: "there already",
    State.CONFLICTED: "in conflict",
    State.FAILED: "refused by Clio",
    State.NEEDS_HUMAN: "need a person",
    State.UNKNOWN: "not known yet",
    State.IN_FLIGHT: "not known yet",
    State.APPROVED: "approved and not sent",
    State.PLANNED: "wait for approval",
    State.REJECTED: "rejected",
    State.WITHDRAWN: "withdrawn",
}
TOLD = (*FOR_A_PERSON, State.FAILED, State.UNKNOWN, State.IN_FLIGHT)
HEADER = ("edit", "record", "field", "planned from", "ours", "Clio has", "state", "why")


def results_of(ledger: Ledger, plan: Plan, states: Mapping[str, str]) -> list[dict[str, Any]]:
    """Give one object for each edit of a plan, with where it stands."""
    known = {
        edit_id: {"note": note, "theirs": read(theirs) if theirs else None}
        for edit_id, note, theirs in ledger.rows(
            "select edit_id, note, theirs from edits where plan_hash = ?", [plan.hash]
        )
    }
    nothing = {"note": "", "theirs": None}
    return [
        {**one, **known.get(one["edit_id"], nothing), "state": states[one["edit_id"]]}
        for one in listed(plan)
    ]


def failures(results: Iterable[Mapping[str, Any]]) -> list[ClioError]:
    """Give an error for the edits of a plan that Clio refused for good, in this push or before."""
    notes = Counter(one["note"] for one in results if one["state"] == State.FAILED)
    return [EditFailedError(f"{count:,} edits: {note}") for note, count in notes.items()]


def push_text(
    plan: Plan, states: Mapping[str, str], ready: int, *, asked: bool, left: int = 0
) -> str:
    """Write what `push` prints; not `asked`, it has sent nothing and says what it would send."""
    counts = Counter(WORDS.get(s, s) for s in states.values())
    parts = [] if asked else [whole_text(plan, 0)]
    told = ", ".join(f"{count:,} {word}" for word, count in counts.items())
    parts.append(f"Plan {plan.short}: {told}.")
    if not asked and ready:
        parts.append(
            f"Nothing was sent. To send {ready:,} records exactly as above: clio-sync push"
            f" {plan.short} --commit {plan.short}"
        )
    elif not asked:
        parts.append("Nothing was sent, and nothing of it is ready to be sent.")
    if left:
        parts.append(f"{left:,} records wait: run the same command without --canary for them.")
    return "\n".join(parts) + "\n"


def stuck_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write the edits that did not go through, with all three values."""
    cells = [
        (
            one["edit_id"],
            f"{one['resource']} {one['record_id']} {one['label']}".strip(),
            one["field"],
            one["base"],
            one["new_value"],
            one["theirs"],
            WORDS[State(one["state"])],
            one["note"],
        )
        for one in rows
        if one["state"] in TOLD
    ]
    return table(HEADER, cells) + "\n\n" if cells else ""
