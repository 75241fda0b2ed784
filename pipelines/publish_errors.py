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


class StaleError(ClioError):
    """What is stored or published is older than it may be."""

    code = "stale"
    hint = (
        "Nothing is lost. clio-sync sync brings it up to date; if that is scheduled, look how its"
        " last run ended."
    )
    exit_code = 7
