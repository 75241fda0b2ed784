"""Differences that are planted between Clio and the warehouse, and what must be found of them."""

import csv
import hashlib
import shutil
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from pipelines.load.command import run_load
from pipelines.outcome import Outcome
from pipelines.reconcile.run import REPORTS
from pipelines.reconcile.verdicts import UNEXPLAINED
from sources.clio_simulator.changes import Change
from sources.clio_simulator.reports import OPEN, spread
from sources.clio_simulator.store import Row
from sources.clio_simulator.views import cents
from tests.system.firm import chosen
from tests.system.reconciling import Audit
from tests.system.writing import Desk

WALKED = ("allocations", "bank_transactions", "bills", "contacts", "matters")
"""The collections whose ids are asked for."""
DIFFERENCE, MOVED = "difference", "moved during run"
SENT, SENT_EDITS = "Ours", 3
Key: TypeAlias = tuple[str, str]
"""A comparison, and the key of one of its lines."""


class Gap(NamedTuple):
    """How a line that is not equal ends: its cause, left less right, and its status."""

    cause: str = UNEXPLAINED
    amount: Decimal | None = None
    status: str = DIFFERENCE


class Sql(NamedTuple):
    """A statement on the warehouse."""

    query: str
    parameters: tuple[object, ...] = ()


class Switch(NamedTuple):
    """A switch of the simulator, and what it is set to."""

    name: str
    value: object


@dataclass
class Plant:
    """What is done to the two sides, and every line that must be found because of it.

    `claims` are the records that it touches; no other plant may touch them.
    """

    claims: set[Hashable] = field(default_factory=set)
    lines: dict[Key, Gap] = field(default_factory=dict)
    steps: list[Sql | Change | Switch] = field(default_factory=list)

    def money(self, comparison: str, key: object, amount: int, cause: str = UNEXPLAINED) -> None:
        """Expect a difference in cents; none where it comes to nothing."""
        self.lines.pop((comparison, str(key)), None)
        if amount:
            self.lines[comparison, str(key)] = Gap(cause, money(amount))

    def text(self, comparison: str, key: str, cause: str, status: str = DIFFERENCE) -> None:
        """Expect a line of texts that differ."""
        self.lines[comparison, key] = Gap(cause, None, status)


def money(amount: int) -> Decimal:
    """Return cents as money."""
    return Decimal(amount) / 100


def md5(*parts: str) -> str:
    """Return the digest that stands for names in a key."""
    return hashlib.md5("|".join(parts).encode(), usedforsecurity=False).hexdigest()


class Ground:
    """A firm that is loaded once and matches its Clio, into which differences are planted."""

    def __init__(self, audit: Audit) -> None:
        """Send some values to Clio, and keep the warehouse as it is then."""
        self.audit, self.clio = audit, audit.clio
        self._send()
        self.file = audit.firm.folder / "warehouse.duckdb"
        self.kept = self.file.with_name("kept.duckdb")
        shutil.copyfile(self.file, self.kept)

    def _send(self) -> None:
        desk, context = Desk(self.audit.firm), self.audit.firm.context()
        assert run_load(context, ["clio_manage"], chosen("tasks")).exit_code == 0
        for task in self.tasks:
            desk.propose("tasks", task["id"], f"name={SENT}")
        assert desk.push(desk.approved()).exit_code == 0
        assert run_load(context, ["clio_manage"], chosen("tasks")).exit_code == 0
        with self.audit.firm.writable() as warehouse:
            # no model that was built reads tasks: they are as new as this load
            warehouse.execute("update meta.model_runs set started_at = now()")

    @cached_property
    def tasks(self) -> list[Row]:
        """Return the tasks as they were before a value was sent."""
        return [dict(row) for row in self.clio.store["tasks"].after(0)][:SENT_EDITS]

    def rows(self, collection: str) -> list[Row]:
        """Return the records of Clio."""
        return list(self.clio.store[collection].after(0))

    def row(self, collection: str, key: int) -> Row:
        """Return one record of Clio."""
        return self.clio.store[collection].rows[key]

    @cached_property
    def open_bills(self) -> list[Row]:
        """Return the approved bills that ask for fees."""
        return [
            row
            for row in self.rows("bills")
            if row["kind"] == "revenue_kind" and row["state"] in OPEN
        ]

    @cached_property
    def owing(self) -> list[Row]:
        """Return those of them that are not paid in full."""
        return [row for row in self.open_bills if cents(row["balance"])]

    @cached_property
    def deposits(self) -> list[Row]:
        """Return the movements into trust that are the only ones of their matter on their day."""
        every = [row for row in self.rows("bank_transactions") if self.is_trust(row)]
        days = [(row["bank_account"], row["date"], row.get("matter")) for row in every]
        return [
            row
            for row, day in zip(every, days, strict=True)
            if cents(row.get("funds_in")) and "matter" in row and days.count(day) == 1
        ]

    @cached_property
    def in_progress(self) -> list[Row]:
        """Return the work that is on no approved bill."""
        return [
            row
            for row in self.rows("activities")
            if not (row["billed"] or row["non_billable"] or "_written_off" in row)
        ]

    @cached_property
    def unbilled(self) -> list[Row]:
        """Return the work that is on no bill, draft or approved."""
        return [row for row in self.in_progress if not row["on_bill"]]

    @cached_property
    def busy_contacts(self) -> set[object]:
        """Return the contacts that a matter, a bill, money or work leads to."""
        return {
            row.get(name)
            for table in ("matters", "bills", "bank_transactions", "allocations", "activities")
            for row in self.rows(table)
            for name in ("client", "contact", "vendor")
        }

    def naming(self, contact: int) -> set[Hashable]:
        """Return the records of which a custom field names a contact: without it, it is empty."""
        return {
            (table, row["id"])
            for table in ("matters", "contacts")
            for row in self.rows(table)
            if any(value.get("contact") == contact for value in row.get("custom_field_values", ()))
        }

    @cached_property
    def linked(self) -> dict[int, int]:
        """Return the contacts of Grow that are linked, with the contact of Manage."""
        return dict(
            self.asked("select id, clio_id from raw_clio_grow.contacts where clio_id is not null")
        )

    def is_trust(self, row: Row) -> bool:
        """Tell whether a movement is one of a trust account."""
        return str(self.row("bank_accounts", row["bank_account"])["type"]) == "Trust"

    def asked(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        return self.audit.firm.query(query, *parameters)

    def billed(self, bill: Row) -> dict[str, int]:
        """Return what a bill asks for, in cents by timekeeper."""
        return self._by_timekeeper(bill, lambda line: cents(line["total"]))

    def collected(
        self, bill: Row, method: str = "proportional", instead: Mapping[int, int] | None = None
    ) -> dict[str, int]:
        """Return what was paid on a bill, in cents by timekeeper; `instead` has other amounts."""
        table, lines = self.clio.store["allocations"], self.lines(bill)
        shares: dict[int, int] = {}
        for key in table.where("bill", bill["id"]):
            row = table.rows[key]
            if "voided_at" in row or row["parent"]["type"] != "Payment":
                continue
            paid = (instead or {}).get(key, cents(row["amount"]))
            for line, share in spread(method, paid, lines).items():
                shares[line] = shares.get(line, 0) + share
        return self._by_timekeeper(bill, lambda line: shares.get(line["id"], 0))

    def lines(self, bill: Row) -> list[Row]:
        """Return the lines of a bill."""
        table = self.clio.store["line_items"]
        return [table.rows[key] for key in table.where("bill", bill["id"])]

    def _by_timekeeper(self, bill: Row, amount: Callable[[Row], int]) -> dict[str, int]:
        found: dict[str, int] = {}
        for line in self.lines(bill):
            name = str(self.row("users", line["user"])["name"])
            found[name] = found.get(name, 0) + amount(line)
        return found

    def held(self, client: int) -> dict[tuple[str, str], int]:
        """Return what is in trust for a client, in cents by account and number of the matter."""
        sums: dict[tuple[str, str], int] = {}
        for row in self.rows("bank_transactions"):
            if row.get("client") == client and self.is_trust(row):
                name = str(self.row("bank_accounts", row["bank_account"])["name"])
                key = (name, self.number(row.get("matter")))
                more = cents(row.get("funds_in")) - cents(row.get("funds_out"))
                sums[key] = sums.get(key, 0) + more
        return sums

    def number(self, matter: object) -> str:
        """Return the number of a matter as people know it; empty for none."""
        return str(self.row("matters", matter)["display_number"]) if matter else ""  # type: ignore[arg-type]

    def found(self, plants: Iterable[Plant]) -> dict[Key, Gap]:
        """Plant, compare, and take everything back; gives the lines that are not equal."""
        back: list[Callable[[], object]] = []
        try:
            with self.audit.firm.writable() as warehouse:
                for step in (step for plant in plants for step in plant.steps):
                    if isinstance(step, Sql):
                        warehouse.execute(step.query, step.parameters)
                    else:
                        back.append(self._done(step))
            outcome = self.audit.run(ids=WALKED, reports=True)
            assert_tame(self.audit.package(outcome))
            return gaps(outcome)
        finally:
            for undo in reversed(back):
                undo()
            shutil.copyfile(self.kept, self.file)
            shutil.rmtree(self.audit.firm.folder / REPORTS, ignore_errors=True)

    def _done(self, step: Change | Switch) -> Callable[[], object]:
        """Do a step; gives what takes it back."""
        if isinstance(step, Switch):
            before = getattr(self.clio.switches, step.name)
            setattr(self.clio.switches, step.name, step.value)
            return lambda: setattr(self.clio.switches, step.name, before)
        table = self.clio.store[step.collection]
        row = table.rows[step.key]
        self.clio.changes.do(step)
        if step.operation == "hide":
            return lambda: table.restore(step.key)
        return lambda: table.put(row)


Kind: TypeAlias = Callable[[Ground, int, int], Plant]
"""Chooses a record by a number and changes it by an amount in cents."""


def gaps(outcome: Outcome) -> dict[Key, Gap]:
    """Return the lines of a run that are not equal."""
    return {
        (row["comparison"], row["key"]): Gap(row["cause"], row["difference"], row["status"])
        for row in outcome.results
        if "key" in row
    }


def assert_tame(package: Path) -> None:
    """Make sure that no name of a record is markup of the page or a formula of a CSV file."""
    assert "<b>" not in (package / "reconciliation.html").read_text("utf-8")
    for path in package.glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            assert not [cell for row in csv.reader(file) for cell in row if cell[:1] == "="]


def apart(plants: Iterable[Plant]) -> list[Plant]:
    """Leave out what touches a record or a line that an earlier plant touches."""
    kept: list[Plant] = []
    taken: set[Hashable] = set()
    for plant in plants:
        mine = plant.claims | plant.lines.keys()
        if not mine & taken:
            taken |= mine
            kept.append(plant)
    return kept
