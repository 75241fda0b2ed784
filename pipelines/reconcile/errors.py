"""What can go wrong when Clio and the warehouse are compared."""

from sources.errors import ClioError


class DefinitionError(ClioError):
    """A comparison is not defined as it has to be."""

    code = "definition"
    hint = "Nothing was compared. Correct the file in sql/reconciliation, then run it again."
    exit_code = 2


class DifferencesError(ClioError):
    """Clio and the warehouse differ."""

    code = "differences"
    hint = (
        "Nothing was changed. The package tells each of them; a sweep heals what the warehouse"
        " missed: clio-sync sweep, then clio-sync transform, then clio-sync reconcile. What is to"
        " stay as it is: clio-sync reconcile accept ID --reason TEXT."
    )
    exit_code = 7

    def __init__(self, count: int) -> None:
        """Take how many of them nobody accepted."""
        super().__init__(f"{count:,} open differences")
        self.count = count


class NoDifferenceError(ClioError):
    """The last run found no difference with this id."""

    code = "no_difference"
    hint = "Nothing was accepted. clio-sync reconcile lists the differences and their ids."
    exit_code = 2


class PackageFolderError(ClioError):
    """The package cannot be written there."""

    code = "package_folder"
    hint = (
        "Nothing was written. Name a folder that is not there yet: clio-sync reconcile --out DIR."
    )
    exit_code = 2


class PackageAlteredError(ClioError):
    """The package is not what was written."""

    code = "package_altered"
    hint = "Do not rely on it. Take another copy of it, or make a new one: clio-sync reconcile."
    exit_code = 7
