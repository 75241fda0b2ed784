"""What a walk is for, decided before it begins."""

from dataclasses import dataclass

from pipelines.state.lateness import Watch


@dataclass(frozen=True)
class Purpose:
    """What a walk is for: to load, or to prove (`sweep`).

    With `census` it is held against what was known before its first request; what a walk of the
    same found that was put down counts for one that begins `again`. With `buried` some
    rows of the collection are marked as deleted, and one that is seen again is revived; its
    lists in the `children` are then read anew. With `proving` a sweep of the collection was put
    down, and is told what this walk stores. With `sightings` it is kept when a record
    was shown, since it may leave the list. With `quarantined` rows, those that fit are released;
    with `withheld` cells, those that are seen again.
    """

    walk: str = "load"
    census: bool = False
    again: bool = False
    buried: bool = False
    watch: Watch | None = None
    children: tuple[str, ...] = ()
    proving: bool = False
    sightings: bool = False
    quarantined: bool = False
    withheld: bool = False

    @property
    def counts(self) -> bool:
        """Tell whether the keys that the walk shows are needed."""
        marked = self.buried or self.quarantined or self.withheld
        return self.census or marked or self.proving or self.sightings
