"""Whatever happens while corrections are pushed: no rule of the history is broken.

A Hypothesis state machine. Each rule is a whole way from proposals to a push by the real code over
a real socket, while colleagues write before and after our PATCHes, answers are lost, copies
arrive late, old versions are shown, and the run dies at a step. At the end all that is under way is
settled, and the judge of `history` looks at what the server did.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from pipelines.failpoints import PUSH_POINTS
from pipelines.outcome import Outcome
from pipelines.plan.review import ReviewAnswer
from pipelines.push import send
from pipelines.push.rebase import run_rebase
from pipelines.push.undo import run_undo
from sources.clio_simulator import Simulator, When
from sources.clio_simulator.faults import Again, Cut, Html, Redirect, Reset, Stale, Status, TooMany
from sources.errors import ClioError
from tests.system import history
from tests.system.firm import Firm
from tests.system.plain_engine import CrashError, plain_engine
from tests.system.writing import AUTHOR, SEED, Desk

FIELDS = ("description", "client_reference", "location")
ROWS = 3
OPEN = {"planned", "approved", "in_flight", "unknown"}

Edit = tuple[int, int]
"""Which of the matters, and which of its fields."""

edits = st.lists(
    st.tuples(st.integers(0, ROWS - 1), st.integers(0, 2)), min_size=1, max_size=3, unique=True
)
afterwards = st.sampled_from(["", "", "push", "work", "rebase", "undo"])
sides = st.sampled_from(["", "", "", "now", "before", "before", "after", "after"])
lost = st.sampled_from([Reset(), Cut(), Html(), Status(500), Status(503), Status(504)])
told = st.sampled_from([TooMany("1"), Status(422), Status(409), Redirect()])
later = st.sampled_from(
    [None] * 4 + [Again(requests=1), Again(requests=3), Stale(requests=2, items=True)]
)
crashes = st.one_of(
    *[st.just(("", 0))] * 3, st.tuples(st.sampled_from(PUSH_POINTS), st.integers(1, 3))
)
troubles = st.one_of(
    st.just(None),
    st.tuples(lost, st.booleans(), st.integers(1, 2), st.integers(1, 3)),
    st.tuples(lost, st.booleans(), st.integers(1, 2), st.integers(1, 3)),
    st.tuples(told, st.just(False), st.integers(1, 2), st.just(1)),
)
"""A spoilt answer, whether the write has its effect, from which PATCH on, and how often."""


class Office(RuleBasedStateMachine):
    """Corrections of three matters that others work on as well."""

    loaded: ClassVar[Path]

    def __init__(self) -> None:
        """Begin with the firm as it was loaded, and no ledger."""
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="office-")) / "data"
        shutil.copytree(self.loaded, self.folder)
        self.clio = Simulator(SEED, rate_limit=0)
        self.clio.__enter__()
        self.desk = Desk(Firm(self.clio, self.folder))
        self.rows = deepcopy(dict(self.clio.store["matters"].rows))
        self.keys = sorted(self.rows)[:ROWS]
        self.plans: list[str] = []
        self.count = 0

    @initialize(content=st.sampled_from([False] * 4 + [True]))
    def begin(self, *, content: bool) -> None:
        """Choose what etags are made of, and have them all as they are then."""
        self.clio.switches.content_etags = content
        if content:
            assert self.desk.firm.load("matters", full=True).exit_code == 0

    @rule(
        wanted=edits,
        colleague=st.tuples(sides, st.integers(0, 2), st.booleans(), st.booleans()),
        trouble=troubles,
        beside=later,
        crash=crashes,
        reject=st.sampled_from([False] * 5 + [True]),
        stale=st.booleans(),
        then=st.tuples(afterwards, st.integers(0, ROWS - 1)),
    )
    def correct(
        self,
        wanted: list[Edit],
        colleague: tuple[str, int, bool, bool],
        trouble: tuple[Any, bool, int, int] | None,
        beside: Again | Stale | None,
        crash: tuple[str, int],
        then: tuple[str, int],
        *,
        reject: bool,
        stale: bool,
    ) -> None:
        """Propose, plan, approve, and push while things go wrong at one of the records."""
        self.propose(wanted)
        self.plan(reject=reject, again=stale)
        side, which, same, back = colleague
        if side:
            number, name = wanted[which % len(wanted)]
            self.colleague(side, number, name if same else (name + 1) % 3, back=back)
        if beside is not None and not self.clio.switches.content_etags:
            self.clio.faults.add(beside, "matters/*", method="PATCH")
        if trouble is not None:
            fault, applied, nth, times = trouble
            for number in range(nth, nth + times):
                self.clio.faults.add(
                    fault, "matters/*", method="PATCH", nth=number, applied=applied
                )
        self.push(*crash)
        self.clio.changes.waiting.clear()
        self.clio.faults.clear()
        history.check(self.desk.firm, ended=False)
        self.then(*then)

    def then(self, what: str, number: int) -> None:
        """Do what people do after a push; a rule of its own would often find nothing to do."""
        if what == "push":
            self.push()
        elif what == "work":
            self.colleague("now", number, number, back=True)
        elif what == "rebase":
            for edit_id, state in self.desk.states().items():
                if state == "conflicted":
                    self.attempt(partial(run_rebase, self.desk.context(AUTHOR), [edit_id]))
        elif what == "undo" and self.plans:
            self.attempt(partial(run_undo, self.desk.context(AUTHOR), self.plans[-1]))

    # What is run...

    def propose(self, wanted: list[Edit]) -> None:
        """Propose new values, each its own, for fields that have no open edit."""
        for number, name in wanted:
            self.count += 1
            change = f"{FIELDS[name]}=Ours {self.count}"
            with suppress(AssertionError):
                self.desk.propose("matters", self.keys[number], change)

    def plan(self, *, reject: bool, again: bool) -> None:
        """Plan what waits, and let another person approve it, but perhaps for one edit."""
        outcome = self.attempt(lambda: self.desk.plan(again=again))
        planned = [one for one in outcome.results if one.get("plan")] if outcome else []
        if planned:
            self.plans.append(str(planned[0]["plan"]))
            rejected = (planned[0]["edit_id"],) if reject else ()
            self.desk.review(self.plans[-1], ReviewAnswer(("all",), rejected))

    def push(self, point: str = "", nth: int = 0) -> None:
        """Push the last plan, perhaps to the run's death."""
        if not self.plans:
            return
        left = [nth]

        def die(name: str) -> None:
            left[0] -= name == point
            if name == point and not left[0]:
                raise CrashError(name)

        with pytest.MonkeyPatch.context() as patched, suppress(CrashError):
            patched.setattr(send, "crash_point", die)
            self.attempt(lambda: self.desk.push(self.plans[-1]))

    def attempt(self, run: Callable[[], Outcome]) -> Outcome | None:
        """Run a command; what it refuses in words is no failure."""
        try:
            return run()
        except ClioError as error:
            if error.exit_code not in {4, 5, 6}:
                raise
            return None

    def colleague(self, side: str, number: int, name: int, *, back: bool) -> None:
        """Change a field in Clio now, or around our next PATCH."""
        key = self.keys[number]
        self.count += 1
        value = self.rows[key].get(FIELDS[name]) if back else f"Theirs {self.count}"
        when = {
            "now": None,
            "before": When.before_request("PATCH", "matters", key),
            "after": When.after_request("PATCH", "matters", key),
        }[side]
        self.clio.changes.update("matters", key, {FIELDS[name]: value}, when=when)

    def calm(self) -> None:
        """Let nothing go wrong any more, and all that was to come later arrive."""
        self.clio.faults.clear()
        self.clio.changes.waiting.clear()
        later = self.clio.world.later
        later.old.clear()
        while later.copies:
            later.answered()

    def teardown(self) -> None:
        """Hold still, settle all, load, and let the history be judged."""
        try:
            self.calm()
            for plan in self.plans:
                self.attempt(partial(self.desk.push, plan))
            assert not {"in_flight", "unknown"} & set(self.desk.states().values())
            history.check(self.desk.firm)
            self.clio.clock.advance(3600)
            for _ in range(2):
                assert self.desk.firm.load("matters").exit_code == 0
            assert self.desk.firm.differences("matters") == []
        finally:
            self.clio.__exit__(None, None, None)
            shutil.rmtree(self.folder.parent)


@pytest.fixture(scope="module")
def office(loaded_plainly: Path) -> Iterator[type[Office]]:
    """Return the machine, with the folder that each example begins with."""
    with plain_engine():
        yield type("Bound", (Office,), {"loaded": loaded_plainly})


def run_examples(machine: type[Office], examples: int) -> None:
    """Let so many offices work."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=4,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.long
def test_history_is_sound(office: type[Office]) -> None:
    """Whatever goes wrong, each edit has one end that matches what the server did, no byte is sent
    that was not approved, nobody is overwritten, and the warehouse is what the server has.
    """
    run_examples(office, 1)


@pytest.mark.long
def test_history_is_sound_many_times(office: type[Office]) -> None:
    """The same in many offices."""
    run_examples(office, 5)
