"""What a run kept out since it did not fit: an error where it is new, a warning where it is not."""

from collections import Counter
from collections.abc import Sequence

from pipelines.errors.misfits import KeptOutError, TypeChangedError
from pipelines.state import quarantine
from pipelines.warehouse import Warehouse
from sources.errors import ClioError

from .task import Task


class KeptOut:
    """The quarantine of one source, as a run meets it and as it leaves it."""

    def __init__(self, warehouse: Warehouse, source: str) -> None:
        """Take the warehouse; nothing is read yet."""
        self.warehouse = warehouse
        self.source = source
        self.before: frozenset[quarantine.Cell] = frozenset()

    def begin(self) -> None:
        """Note what is kept out before the first page."""
        self.before = quarantine.cells(self.warehouse, self.source)

    def findings(self, tasks: Sequence[Task]) -> tuple[list[tuple[str, ClioError]], list[str]]:
        """Return an error for each collection of which more is kept out now, and notes of the rest.

        A type that changed is an error in every run that meets it: nearly nothing of it is stored.
        """
        errors: list[tuple[str, ClioError]] = [
            (task.name, TypeChangedError(_changed(task.mass))) for task in tasks if task.mass
        ]
        new = quarantine.cells(self.warehouse, self.source) - self.before
        more = Counter(resource for resource, _, _ in new)
        changed = {name for name, _ in errors}
        notes = []
        for name, counts in sorted(quarantine.counts(self.warehouse, self.source).items()):
            if more[name] and name not in changed:
                one = counts.rows + counts.values == 1
                why = "it does not fit" if one else f"they do not fit; {more[name]:,} of them new"
                message = f"{counts} kept out, since {why}"
                errors.append((name, KeptOutError(message, more[name])))
            elif name not in changed:
                notes.append(f"{name}: {counts.told}; clio-sync quarantine list")
        return errors, notes


def _changed(fields: frozenset[str]) -> str:
    named = ", ".join(sorted(name or "whole rows" for name in fields))
    return f"so much does not fit that Clio must have changed its type: {named}"
