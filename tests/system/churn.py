"""Rows of one collection that change, vanish and come back at the server, as an example draws."""

from collections.abc import Mapping

from hypothesis import strategies as st

from sources.clio_http.catalog import Collection
from sources.clio_http.plan import OVERLAP
from sources.clio_simulator import Simulator
from sources.clio_simulator.changes import Change, When

LATE = OVERLAP.total_seconds()
FIELDS = {"practice_areas": "name", "utbms_sets": "name", "lauk_civil_controlled_rates": "activity"}
"""A field to change. What is absent is confirmed by the first collection's item path, by `ids[]`
of the second, and of the third by a second walk."""
LOST = ("remove", "hide")
FEW = 3
"""Rows that may be out of sight without a mark: fewer than those at which the guard stops."""

Told = tuple[str, int, float]
"""An operation, which of the rows it befalls, and after how many seconds it is seen."""

changes = st.lists(
    st.tuples(
        st.sampled_from(
            ["update", "update", "silent", "stealth", "add", "add", "remove", "hide", "back"]
        ),
        st.integers(0, 9),
        st.sampled_from([0.0, 0.0, 0.0, LATE - 60, LATE + 600]),
    ),
    max_size=3,
)
pages = st.lists(changes, max_size=4)
Pages = list[list[Told]]


class Churn:
    """What happens to the rows of a collection while they are read."""

    def __init__(self, clio: Simulator, collection: Collection) -> None:
        """Leave the collection empty, as if nothing had ever been in it."""
        self.clio = clio
        self.name = collection.name
        self.table = clio.store[self.name]
        self.busy: set[int] = set()
        self.marked: set[int] = set()
        self.blinded: set[int] = set()
        self.edits = 0
        clio.changes.waiting.clear()
        for key in list(self.table.rows):
            clio.changes.remove(self.name, key)
        self.table.gone.clear()
        self.table.hidden.clear()
        clio.changes.applied.clear()
        self.first_key = self.table.next_id()

    def plan(self, marked: set[int], first: list[Told], idle: float, after: Pages) -> None:
        """Change rows at once, wait, and have others changed after each page.

        The guard must not stop what follows: `marked` rows are no longer absent.
        """
        self.marked = marked
        for told in first:
            self.change(told)
        self.clio.clock.advance(idle)
        for number, page in enumerate(after, start=1):
            for told in page:
                self.change(told, When.after(self.name, number))

    def end(self) -> None:
        """Drop what waits for a page that was not asked for."""
        waiting = self.clio.changes.waiting
        waiting[:] = [entry for entry in waiting if entry[0].at is not None]
        self.busy = {change.key for _, change in waiting}

    def calm(self) -> None:
        """Let all that waits for its moment happen, and time pass."""
        self.clio.clock.advance(7200)
        self.clio.changes.settle(self.clio.clock.now())
        self.clio.clock.advance(7200)

    def change(self, told: Told, when: When | None = None) -> None:
        """Change a row now or after a page, if there is one that it can befall."""
        operation, number, late = told
        self.edits += 1
        content = {FIELDS[self.name]: f"edit {self.edits}"}
        if operation == "add":
            # ids in no order: some rows come to stand behind a walk that is under way
            fresh = {**content, "id": self.first_key + self.edits * 37 % 509}
            self.clio.changes.do(Change("add", self.name, None, fresh, visible_after=late), when)
            return
        keys = sorted(self.choice(operation) - self.busy)
        if keys:
            key = keys[number % len(keys)]
            change = self.said(operation, key, content, late)
            self.busy |= {key} if late or change.operation != "update" else set()
            self.clio.changes.do(change, when)

    def said(self, operation: str, key: int, content: Mapping[str, str], late: float) -> Change:
        """Put a change into the server's words."""
        if operation == "update":
            return Change("update", self.name, key, content, visible_after=late)
        if operation in {"silent", "stealth"}:
            kept = operation == "stealth"
            return Change("update", self.name, key, content, silent=True, keep_etag=kept)
        if operation == "back":
            operation = "restore" if key in self.table.hidden else "undelete"
        silent = bool(self.edits % 2)
        return Change(operation, self.name, key, silent=silent)  # type: ignore[arg-type]

    def blind(self) -> None:
        """Hide all there is."""
        self.blinded.update(self.clio.changes.lose(self.name))

    def ever_lost(self) -> set[int]:
        """Return the rows that were ever out of sight."""
        applied = self.clio.changes.applied
        return self.blinded | {c.key for _, c in applied if c.operation in LOST}

    def touched(self, since: int) -> set[int]:
        """Return the rows to which something happened since a moment, in milliseconds."""
        applied = [c for at, c in self.clio.changes.applied if at >= since]
        return {c.fields.get("id", c.key) for c in applied}

    def choice(self, operation: str) -> set[int]:
        """Return the rows that a change can befall."""
        away = self.table.hidden | set(self.table.gone)
        seen = set(self.table.rows) - away
        if operation == "back":
            return away
        unmarked = (away | self.busy) - self.marked
        if operation in LOST and (len(unmarked) >= FEW or len(seen - self.busy) < FEW):
            return set()
        return seen
