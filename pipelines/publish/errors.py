"""What can go wrong between the warehouse and those who read what it publishes."""

from collections.abc import Sequence

from sources.errors import ClioError


class NotPublishedError(ClioError):
    """Nothing is published yet."""

    code = "not_published"
    hint = "Run clio-sync transform and clio-sync publish, or clio-sync sync, which does all of it."
    exit_code = 4


class NeverReadError(ClioError):
    """Figures of money need what no load ever read whole, or what cannot be read any more."""

    code = "never_read"
    hint = (
        "Nothing was published; what is published stays. clio-sync load says why it could not be"
        " read: often a permission of the token's user. If it never will be, publish with those"
        " figures left empty: clio-sync publish --partial, clio-sync sync --partial, or the setting"
        " clio_sync.publish_partial = true."
    )
    exit_code = 4

    def __init__(self, lacks: Sequence[str]) -> None:
        """Name the collections."""
        super().__init__(f"not read whole: {', '.join(lacks)}; figures of money need that")


class PartialError(ClioError):
    """What was published has no figures for what could not be read whole."""

    code = "partial"
    hint = (
        "It is published all the same. The figures that are not known are empty, never 0; from the"
        " next run on this is a warning."
    )
    exit_code = 4

    def __init__(self, lacks: Sequence[str]) -> None:
        """Name the collections."""
        super().__init__(f"published without the figures that need {', '.join(lacks)}")


class PointerError(ClioError):
    """The file current.json in the folder published cannot be read."""

    code = "pointer"
    hint = (
        "The snapshots beside it are whole. clio-sync publish makes a new one and names it there."
    )
    exit_code = 7


class DamagedSnapshotError(ClioError):
    """A published snapshot is damaged."""

    code = "damaged_snapshot"
    hint = (
        "The warehouse is not touched by this. clio-sync publish makes a new snapshot of it and"
        " names that one; older ones are beside it in the folder published."
    )
    exit_code = 7


class StaleError(ClioError):
    """What is stored or published is older than it may be."""

    code = "stale"
    hint = (
        "Nothing is lost. clio-sync sync brings it up to date; if that is scheduled, look how its"
        " last run ended."
    )
    exit_code = 7


class DestinationError(ClioError):
    """There is no such destination, or it cannot be used from this installation."""

    code = "destination"
    hint = (
        "Nothing was copied. docs/copy.md names the destinations, the package that each needs, and"
        " where its address and password are set."
    )
    exit_code = 2


class CopyFailedError(ClioError):
    """The copy could not be finished."""

    code = "copy_failed"
    hint = (
        "The warehouse is as it was. What was copied before stays, and the same command goes on"
        " with what is missing."
    )
    exit_code = 4
