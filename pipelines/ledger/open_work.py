"""Edits that wait for something: approvals, unknown outcomes, conflicts. Read from the ledger.

A ledger that cannot be read is reported, and keeps nobody from looking at the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.outcome import counted
from sources.clio_http.clock import Clock
from sources.errors import ClioError

from .canonical import SHORT
from .ledger import Ledger

PLANS = """
select e.plan_hash, p.expires_at, sum(e.state = 'planned'), sum(e.state = 'approved')
from edits e join plans p using (plan_hash)
where e.state in ('planned', 'approved') group by 1, 2 order by 2
"""
UNGUARDED = """
select distinct body ->> '$.resource' from events e where kind = 'resource_unguarded'
and not exists (select 1 from events l where l.kind = 'resource_guarded' and l.seq > e.seq
    and l.body ->> '$.resource' = e.body ->> '$.resource')
"""
WORDS = {
    "proposed": ("is proposed and waits", "are proposed and wait", "for clio-sync plan"),
    "in_flight": ("was", "were", "being sent when a push ended; the next one finds out"),
    "unknown": ("has", "have", "an unknown outcome; the next clio-sync push finds out"),
    "conflicted": ("conflicts", "conflict", "with what Clio has: clio-sync edits list"),
    "needs_human": ("needs", "need", "a person: clio-sync edits list"),
}
"""What edits in a state do, one of them and several."""


@dataclass(frozen=True)
class PlanWaiting:
    """A plan of which edits wait for approval, or are approved and not sent."""

    plan: str
    expires_at: str
    planned: int
    approved: int


@dataclass(frozen=True)
class Waiting:
    """Edits by state, plans that wait, collections without a guard, and what is wrong."""

    states: dict[str, int] = field(default_factory=dict)
    plans: tuple[PlanWaiting, ...] = ()
    unguarded: tuple[str, ...] = ()
    problem: str = ""

    def result(self) -> dict[str, Any] | None:
        """Return it as one result; None where there is nothing to say."""
        if not self.states and not self.problem:
            return None
        return {
            "source": "ledger",
            "resource": "edits",
            "rows": sum(self.states.values()),
            "states": self.states,
            "plans": [vars(one) for one in self.plans],
            "unguarded": list(self.unguarded),
            "error": self.problem or None,
        }

    def lines(self) -> Iterator[str]:
        """Return it in lines for a person."""
        for state, (one, more, rest) in WORDS.items():
            if number := self.states.get(state):
                yield f"{counted(number, 'edit')} {one if number == 1 else more} {rest}."
        for plan in self.plans:
            wait = "waits" if plan.planned == 1 else "wait"
            yield (
                f"Plan {plan.plan}: {counted(plan.planned, 'edit')} {wait} for approval, and"
                f" {plan.approved:,} approved not sent; valid until {plan.expires_at}."
            )
        for name in self.unguarded:
            yield f"Clio does not keep to If-Match for {name}: nothing is written there."
        if self.problem:
            yield f"{self.problem}. Nothing is sent to Clio: see clio-sync audit verify."


def waiting(folder: Path, clock: Clock) -> Waiting:
    """Read the ledger of a data folder."""
    try:
        with Ledger.open(folder, clock, read_only=True) as ledger:
            states = dict(ledger.rows("select state, count(*) from edits group by 1 order by 1"))
            plans = [
                PlanWaiting(plan[:SHORT], until, planned, approved)
                for plan, until, planned, approved in ledger.rows(PLANS)
            ]
            unguarded = [name for (name,) in ledger.rows(UNGUARDED)]
    except ClioError as error:
        return Waiting(problem=str(error))
    return Waiting(states, tuple(plans), tuple(unguarded))
