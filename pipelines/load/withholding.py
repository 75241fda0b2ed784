"""What a run knows of withheld columns at its start, and what it says of them at its end."""

from typing import TYPE_CHECKING

import pendulum

from pipelines.errors import WithheldError
from pipelines.state import withheld
from pipelines.state.runs import moment
from pipelines.state.withheld import ColumnMark, Withheld
from pipelines.warehouse import Warehouse
from sources.clio_http.plan import without

if TYPE_CHECKING:
    from .task import Task


class Withholding:
    """The marks of one source, as a run meets them."""

    def __init__(self, warehouse: Warehouse, source: str) -> None:
        """Take the warehouse; nothing is read yet."""
        self.warehouse = warehouse
        self.source = source
        self.columns: dict[str, dict[str, ColumnMark]] = {}
        self.with_cells: frozenset[str] = frozenset()
        self.kept_back: frozenset[str] = frozenset()

    def begin(self, accepted: str, at: pendulum.DateTime) -> None:
        """Read the marks; `accepted` is a column whose empties a person takes from now on."""
        if accepted:
            resource, _, column = accepted.partition(".")
            withheld.accept(self.warehouse, self.source, resource, column, at)
        self.columns = withheld.columns(self.warehouse, self.source)
        self.with_cells = withheld.with_cells(self.warehouse, self.source)
        listed = withheld.listed(self.warehouse, self.source)
        self.kept_back = frozenset(one.resource for one in listed if one.is_alarm)

    def shown(self, task: "Task", *, full: bool) -> None:
        """Drop marks of columns that Clio refused once, where a whole walk was shown them."""
        plan = task.walk.plan
        if not task.complete or plan.since is not None or (plan.mode == "child" and not full):
            return
        asked = without(plan.collection.fields, plan.left_out | task.walk.refused)
        columns = [column.name for field in asked for column in field.columns]
        withheld.forget_refused(self.warehouse, self.source, task.name, columns)

    def findings(self) -> tuple[list[tuple[str, WithheldError]], list[str]]:
        """Return an error for each column of which known values are kept back, and notes."""
        alarms, notes = [], []
        for one in withheld.listed(self.warehouse, self.source):
            if one.is_alarm:
                column, product = f"{one.resource}.{one.field}", self.source.removeprefix("clio_")
                alarms.append((one.resource, WithheldError(told(one), column, product)))
            elif one.evidence not in withheld.NOT_READ:
                notes.append(told(one))
        return alarms, notes


def told(one: Withheld) -> str:
    """Say of one column what is not known of it, since when and how that was seen."""
    what = "it" if one.records is None else f"{one.records:,} of its values"
    since = moment(one.since)
    day = since.format("YYYY-MM-DD HH:mm") if since else "an unknown moment"
    kept = "; the values known before are kept" if one.held else ""
    return (
        f"{one.resource}.{one.field}: this token may not see {what} ({one.evidence},"
        f" since {day} UTC){kept}"
    )
