"""Whatever a token may not see, a list refuses or a page breaks: what is known is never lost.

A Hypothesis state machine. Between loads, sweeps, corrections and their undoing, permissions come
and go by field, by list and by row, values come that do not fit, records break their pages, and the
server's clock is off. After each run every stored value is one that Clio truly had, or is marked;
once all is well again, one sweep and one load end with 0 and the tables equal the server.
"""

import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from pipelines.outcome import Outcome
from pipelines.push.undo import run_undo
from sources.clio_simulator import Simulator
from sources.errors import ClioError
from tests.system.firm import Firm
from tests.system.plain_engine import plain_engine
from tests.system.writing import AUTHOR, LOADED, SEED, Desk

CHANGING = ("matters", "contacts", "tasks")
FIELDS = {
    "matters": ("description", "client_reference", "custom_field_values", "responsible_attorney"),
    "contacts": ("title", "custom_field_values", "email_addresses", "name"),
    "tasks": ("name", "description", "priority"),
}
"""What is hidden, made not to fit, or changed."""
TEXTS = {"matters": "client_reference", "contacts": "title", "tasks": "name"}
ODD = ({"an": "object"}, ["a list"], "\ud800")

Cell = tuple[str, tuple[Any, ...], str]

collections = st.sampled_from(CHANGING)
shapes = st.sampled_from(["null", "null", "stripped", "missing"])
numbers = st.integers(0, 30)
hidden = collections.flatmap(
    lambda name: st.tuples(
        st.just(name), st.sets(st.sampled_from(FIELDS[name]), min_size=1, max_size=2)
    )
)


class Veil(RuleBasedStateMachine):
    """A firm whose Clio shows now more and now less."""

    loaded: ClassVar[Path]

    def __init__(self) -> None:
        """Begin with the firm as it was loaded."""
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="veil-")) / "data"
        shutil.copytree(self.loaded, self.folder)
        self.clio = Simulator(SEED, rate_limit=0)
        self.clio.__enter__()
        self.firm = Firm(self.clio, self.folder)
        self.desk = Desk(self.firm)
        self.true: defaultdict[Cell, list[Any]] = defaultdict(list)
        self.count = 0
        self.plans: list[str] = []

    @initialize()
    def begin(self) -> None:
        """Note what is true at the start."""
        self.note()

    # What Clio shows...

    @rule(what=hidden, shape=shapes)
    def hide(self, what: tuple[str, set[str]], shape: Any) -> None:
        """Let the token lose sight of some fields."""
        name, fields = what
        self.clio.switches.hidden_fields = {**self.clio.switches.hidden_fields, name: fields}
        self.clio.switches.hidden_fields_shape = shape

    @rule(name=collections, how=st.sampled_from(["emptied", "forbidden"]))
    def close(self, name: str, how: str) -> None:
        """Let the token lose a whole list: no rows, or a refusal."""
        getattr(self.clio.switches, how).add(name)

    @rule(name=collections, number=numbers, odd=st.sampled_from(ODD))
    def bend(self, name: str, number: int, odd: object) -> None:
        """Let one value of a record come as it should not."""
        found = {self.key(name, number): {TEXTS[name]: odd}}
        self.clio.switches.misfits = {**self.clio.switches.misfits, name: found}

    @rule(name=collections, number=numbers)
    def poison(self, name: str, number: int) -> None:
        """Let a record break each page that it is on."""
        self.clio.switches.poison = {**self.clio.switches.poison, name: {self.key(name, number)}}

    @rule(seconds=st.sampled_from([7200.0, -7200.0, 90.0]), answers=st.sampled_from([1, 3, None]))
    def skew(self, seconds: float, answers: int | None) -> None:
        """Let the server's clock be off, for some answers or for all."""
        self.clio.switches.date_offset = seconds
        self.clio.switches.date_answers = answers

    @rule()
    def show(self) -> None:
        """Return everything back."""
        switches = self.clio.switches
        switches.hidden_fields = {}
        switches.misfits = {}
        switches.poison = {}
        switches.emptied = set()
        switches.forbidden = set()
        switches.date_offset = 0.0

    # What colleagues do...

    @rule(name=collections, picks=st.sets(numbers, min_size=1, max_size=4))
    def change(self, name: str, picks: set[int]) -> None:
        """Change some records in Clio."""
        for number in sorted(picks):
            self.count += 1
            self.clio.changes.update(
                name, self.key(name, number), {TEXTS[name]: f"value {self.count}"}
            )
        self.note()

    @rule(name=st.sampled_from(["contacts", "tasks"]), number=numbers)
    def touch_all(self, name: str, number: int) -> None:
        """Change every record of a collection a little, or one of them."""
        rows = sorted(self.clio.store[name].rows)
        for key in rows if number % 2 else rows[:1]:
            self.clio.changes.update(name, key, {})
        self.note()

    # What is run...

    @rule(full=st.sampled_from([False, False, False, True]))
    def load(self, *, full: bool) -> None:
        """Load what changed, or everything."""
        self.check(self.firm.load(*CHANGING, full=full))

    @rule(names=st.sets(collections, min_size=1))
    def sweep(self, names: set[str]) -> None:
        """Prove some collections; one that is proved equals the server."""
        outcome = self.firm.sweep(*sorted(names))
        self.check(outcome)
        for row in outcome.results:
            if row["status"] == "ok":
                assert self.firm.live_differences(row["resource"]) == []

    @rule(number=st.integers(0, 5), back=st.booleans())
    def correct(self, number: int, *, back: bool) -> None:
        """Propose, approve and push a correction; perhaps undo it."""
        self.count += 1
        key, text = self.key("matters", number), f"approved {self.count}"
        outcome: Outcome | None = None
        with suppress(ClioError, AssertionError):
            self.desk.propose("matters", key, f"client_reference={text}")
            plan = self.desk.approved()
            self.true["matters", (key,), "client_reference"].append(text)
            self.plans.append(plan)
            outcome = self.desk.push(plan)
        self.note()
        self.check(outcome)
        if back and self.plans:
            with suppress(ClioError):
                undone = run_undo(self.desk.context(AUTHOR), self.plans[-1]).results
                assert all(row["edit_id"] or row["note"] for row in undone)
                if any(row["edit_id"] for row in undone):
                    self.desk.push(self.desk.approved())
            self.note()
            self.check(None)

    # What must hold...

    def key(self, name: str, number: int) -> int:
        """Choose a record."""
        keys = sorted(self.clio.store[name].rows)
        return keys[number % len(keys)]

    def note(self) -> None:
        """Note what every cell truly holds now."""
        for name in CHANGING:
            for key, row in self.firm.served(name).items():
                for column, value in row.items():
                    seen = self.true[name, key, column]
                    if value not in seen:
                        seen.append(deepcopy(value))

    def check(self, outcome: Outcome | None) -> None:
        """Hold every stored cell against what was ever true, and what is said against the marks."""
        marks = self.firm.query(
            "select resource, record_id, field, held and not accepted and evidence not in"
            " ('does not fit', 'refused', 'not read') from meta.withheld"
        )
        marked = {(name, key, field) for name, key, field, _ in marks}
        for name in CHANGING:
            for key, row in self.firm.stored(name).items():
                for column, value in row.items():
                    text = ",".join(map(str, key))
                    known = {(name, text, column), (name, None, column)} & marked
                    fine = value in self.true[name, key, column] or (value is None and known)
                    assert fine, f"{name} {key} {column}: {value!r} was never true"
        if outcome is not None and outcome.command in {"load", "sweep"}:
            alarm = any(is_alarm for *_, is_alarm in marks)
            told = {error.code for _, error in outcome.errors}
            assert ("withheld" in told) is alarm

    def teardown(self) -> None:
        """Once all is well, a sweep mends it; a load and a sweep after it have nothing to tell."""
        try:
            self.show()
            self.firm.sweep(*CHANGING)
            assert self.firm.load(*CHANGING, full=True).errors == []
            swept = self.firm.sweep(*CHANGING)
            assert swept.errors == []
            assert {row["status"] for row in swept.results} == {"ok"}
            assert self.firm.live_differences(*CHANGING) == []
            assert self.firm.query("from meta.withheld") == []
            assert self.firm.query("from meta.quarantine") == []
        finally:
            self.clio.__exit__(None, None, None)
            shutil.rmtree(self.folder.parent, ignore_errors=True)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Load the firm once, plainly merged from then on."""
    folder = tmp_path_factory.mktemp("veiled") / "data"
    with plain_engine(), Simulator(SEED, rate_limit=0) as clio:
        assert Firm(clio, folder).load(*LOADED).exit_code == 0
        yield folder


def histories(loaded: Path, examples: int, number: int) -> None:
    """Run so many random histories, those of a seed."""
    Veil.loaded = loaded
    run_state_machine_as_test(
        seed(number)(Veil),
        settings=settings(
            max_examples=examples,
            stateful_step_count=10,
            deadline=None,
            derandomize=False,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.long
@pytest.mark.parametrize("number", range(1, 7))
def test_what_is_known_is_never_lost(loaded: Path, number: int) -> None:
    """In 60 random histories."""
    histories(loaded, 10, number)


@pytest.mark.night
@pytest.mark.parametrize("number", range(101, 126))
def test_what_is_known_is_never_lost_in_many_histories(loaded: Path, number: int) -> None:
    """In 1,000 random histories."""
    histories(loaded, 40, number)
