"""What can be wrong with what Clio shows: it does not fit its table."""

from sources.errors import ClioError


class KeptOutError(ClioError):
    """Rows or values of Clio do not fit their table, more of them than before."""

    code = "kept_out"
    hint = (
        "Everything else is stored, and a value that is kept out leaves the one known before. See"
        " what it is with clio-sync quarantine list; correct it in Clio, or install a newer"
        " clio-sync if Clio changed, then run clio-sync quarantine retry. Until then each run"
        " warns of it."
    )
    exit_code = 4

    def __init__(self, message: str, count: int = 1) -> None:
        """Say how many are new."""
        super().__init__(message)
        self.count = count


class NotKeptOutError(ClioError):
    """Nothing of this record is kept out."""

    code = "not_kept_out"
    hint = "Nothing was done. clio-sync quarantine list shows what is, by collection and record."
    exit_code = 2


class TypeChangedError(ClioError):
    """So much of a column does not fit that Clio must have changed its type."""

    code = "type_changed"
    hint = (
        "What was known before is kept. Look at clio-sync quarantine list and install a newer"
        " clio-sync; where there is none, report the line of meta.drift. Then run clio-sync load"
        " --full."
    )
    exit_code = 4
