"""When a column that comes back empty is more likely out of sight than emptied. Decisions only."""

from dataclasses import dataclass

FEW = 20
SHARE = 0.9
HALF = 0.5
SAME = 3
WITNESSES = 20
"""So many records are asked for once more, for each column."""


@dataclass(frozen=True)
class Emptied:
    """One column in one reading, held against what is stored.

    `filled` rows had a value, of which `emptied` came without; `same` of these have the stamp or
    etag of the stored row, so that by Clio's own word nothing of them was changed; `by_etag` says
    that it was the etag.
    """

    column: str
    filled: int
    emptied: int
    same: int
    by_etag: bool = False

    @property
    def is_suspect(self) -> bool:
        """Tell whether half of what was filled came back empty, or much that is unchanged."""
        much = self.emptied > 0 and self.emptied >= HALF * self.filled
        return much or self.is_contrary

    @property
    def is_nearly_all(self) -> bool:
        """Tell whether nearly everything that was filled came back empty."""
        return self.emptied >= SHARE * self.filled

    @property
    def is_contrary(self) -> bool:
        """Tell whether many rows came back empty that by their etag are as they were."""
        return self.by_etag and self.same >= FEW


@dataclass(frozen=True)
class Second:
    """A second reading of unchanged records that held a value: how many still show it."""

    filled: int
    empty: int


def is_withheld(found: Emptied, second: Second | None) -> bool:
    """Tell whether a suspect column is withheld.

    `second` is None where single records of the collection cannot be asked for.
    """
    if found.is_contrary:
        return True
    if second is None:
        # no second reading can be had: many rows at once, or unchanged ones, decide alone
        many = found.emptied >= FEW or found.same >= (1 if found.by_etag else SAME)
        return many and found.is_nearly_all
    if second.empty or second.filled:
        # where most of the unchanged still show their value, the firm emptied those that changed
        return second.empty > second.filled
    # every record with a value was changed: nobody is left to witness
    return found.emptied >= FEW and found.is_nearly_all


def is_lifted(known: int, marked: int) -> bool:
    """Tell whether a column that was withheld is seen again, by what a walk of all its rows showed.

    A single cell that is kept back keeps the mark: whether the firm emptied it meanwhile, or this
    token still may not see it, nobody can tell.
    """
    return known > 0 and not marked


def is_whole(known: int, marked: int) -> bool:
    """Tell whether so many cells of a column are marked that the column is."""
    return marked >= FEW and marked >= SHARE * (known + marked)
