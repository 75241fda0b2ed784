"""What can go wrong between the warehouse and those who read what it publishes."""

from sources.errors import ClioError


class NotPublishedError(ClioError):
    """Nothing is published yet."""

    code = "not_published"
    hint = "Run clio-sync transform and clio-sync publish, or clio-sync sync, which does all of it."
    exit_code = 4


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
