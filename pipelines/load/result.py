"""How a run ended: one row for each collection, what went wrong, and the exit code."""

from dataclasses import dataclass, field

import pendulum

from pipelines.state.certificates import Absences
from pipelines.state.runs import RunRow
from sources.errors import ClioError

URGENCY = {0: 0, 4: 1, 7: 2, 5: 3, 3: 4}
"""Which exit code a run has when several things went wrong: signing in comes first."""


@dataclass
class Result:
    """How a run ended: one row for each collection, and what went wrong."""

    run_id: str
    source: str
    started_at: pendulum.DateTime
    rows: list[RunRow] = field(default_factory=list)
    complete: dict[str, bool] = field(default_factory=dict)
    errors: list[tuple[str, ClioError]] = field(default_factory=list)
    absences: dict[str, Absences] = field(default_factory=dict)
    requests: int = 0
    server_time: pendulum.DateTime | None = None

    @property
    def exit_code(self) -> int:
        """Return the process's exit code, that of the most urgent error."""
        codes = [error.exit_code for _, error in self.errors]
        known = [code if code in URGENCY else 4 for code in codes]
        return max(known, key=lambda code: URGENCY[code], default=0)
