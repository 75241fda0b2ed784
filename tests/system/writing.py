"""The way back, driven as people drive it: proposed, planned, approved by another, pushed."""

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from pipelines.context import Context
from pipelines.edits.assignments import assigned
from pipelines.edits.edit import Gathered
from pipelines.edits.propose import run_proposal
from pipelines.ledger.ledger import Entry, Ledger
from pipelines.outcome import Outcome
from pipelines.plan.guards import Limits
from pipelines.plan.planning import run_plan
from pipelines.plan.review import ReviewAnswer, run_review
from pipelines.push import if_match_trust
from pipelines.push.command import run_push
from pipelines.push.if_match_probe import run_probe
from sources.clio_http.clock import SystemClock
from sources.clio_manage.settings import API_VERSION
from sources.clio_manage.writable import COLLECTIONS
from sources.clio_simulator import Seed
from tests.system.firm import Firm, QuickClock

AUTHOR, APPROVER = "ana", "bo"
SEED = Seed(7, scale=0.2)
LOADED = ("contacts", "custom_fields", "matters", "tasks", "users")


@dataclass
class Desk:
    """A loaded firm whose people correct records.

    Not `ended`, a test leaves writes under way on purpose. It is `known` that Clio keeps to
    If-Match, as of a push before. `settings` are those that differ from the usual ones.
    """

    firm: Firm
    clock: SystemClock | None = None
    ended: bool = True
    known: bool = True
    settings: dict[str, Any] = field(default_factory=dict)

    def context(self, actor: str) -> Context:
        """Return what a command works with, run by someone."""
        context = self.firm.context(self.clock or QuickClock())
        return replace(context, settings=replace(context.settings, actor=actor, **self.settings))

    def propose(self, resource: str, key: object, *changes: str) -> list[str]:
        """Propose new values, such as `status=closed`; gives the edits."""
        return self.propose_all(assigned(resource, str(key), changes, "as agreed"))

    def propose_all(self, wanted: Gathered) -> list[str]:
        """Propose what was gathered; gives the edits."""
        self.know()
        outcome = run_proposal(self.context(AUTHOR), "edits propose", lambda _: wanted)
        assert outcome.exit_code == 0, outcome.errors
        return [one["edit_id"] for one in outcome.results]

    def know(self) -> None:
        """Put down that each collection was asked, and answered with 412."""
        context = self.context(AUTHOR)
        if not self.known:
            return
        with Ledger.open(self.firm.folder, context.clock) as ledger:
            if not ledger.head().count:
                ledger.record(
                    AUTHOR,
                    *(
                        Entry(if_match_trust.GUARDED, {**self.place, "resource": name})
                        for name in sorted(COLLECTIONS)
                    ),
                )

    @property
    def place(self) -> dict[str, str]:
        """Return for what it is known: the host, the account and the version of the API."""
        return {
            "host": urlsplit(self.firm.clio.url).netloc,
            "account": str(self.firm.clio.dump("users")[0]["account"]["id"]),
            "api_version": API_VERSION,
        }

    def plan(self, limits: Limits | None = None, **options: bool) -> Outcome:
        """Plan what waits."""
        return run_plan(self.context(AUTHOR), limits or Limits(), **options)

    def review(self, plan: str, answer: ReviewAnswer | None = None, by: str = APPROVER) -> Outcome:
        """Approve a plan, all of it unless said otherwise."""
        return run_review(self.context(by), plan, answer or ReviewAnswer(("all",)))

    def probe(self, plan: str) -> Outcome:
        """Ask whether the collections of a plan are guarded."""
        return run_probe(self.context(AUTHOR), plan)

    def push(self, plan: str, **options: Any) -> Outcome:
        """Send a plan."""
        return run_push(self.context(APPROVER), plan, **{"commit": plan, **options})

    def approved(self, limits: Limits | None = None, **options: bool) -> str:
        """Plan what waits and approve it; gives the plan."""
        outcome = self.plan(limits, **options)
        assert outcome.exit_code == 0, outcome.errors
        plan = str(outcome.results[0]["plan"])
        assert self.review(plan).exit_code == 0
        return plan

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the ledger."""
        with Ledger.open(self.firm.folder, SystemClock(), read_only=True) as ledger:
            return ledger.rows(query, parameters)

    def states(self) -> dict[str, str]:
        """Return the state of every edit."""
        return dict(self.rows("select edit_id, state from edits"))

    @property
    def patches(self) -> list[Any]:
        """Return the PATCH requests that reached the server."""
        return [asked for asked in self.firm.clio.requests if asked.method == "PATCH"]

    def record(self, resource: str, key: int) -> dict[str, Any]:
        """Return a record as the server has it."""
        found: dict[str, Any] = next(
            row for row in self.firm.clio.dump(resource) if str(row["id"]) == str(key)
        )
        return found
