"""What can go wrong on the warehouse's side."""

import traceback
from pathlib import Path
from typing import ClassVar

from sources.errors import ClioError


class CommandLineError(ClioError):
    """The command line cannot be understood."""

    code = "usage"
    hint = "Nothing was done. clio-sync --help lists the commands, and -h after one its options."
    exit_code = 2


class BusyError(ClioError):
    """Another run is at work on this data folder."""

    code = "busy"
    hint = "Nothing was read or changed. Wait until that run has ended, then run the same command."
    exit_code = 4


class WarehouseError(ClioError):
    """The warehouse cannot be opened or read."""

    code = "warehouse"
    hint = (
        "Nothing was deleted. Keep warehouse.duckdb and warehouse.duckdb.wal together; move both"
        " aside, never delete them. Then see with clio-sync backup verify whether the newest"
        " backup is whole, copy its warehouse.duckdb into the data folder, run clio-sync load and"
        " clio-sync sweep; without a backup, clio-sync load builds the warehouse anew."
    )
    exit_code = 7


class TokenStoreError(ClioError):
    """The place where sign-ins are kept cannot be used."""

    code = "token_store"
    hint = (
        "Nothing was read or changed. Unlock this machine's keyring; or set clio_sync.token_store"
        ' to "file", which keeps a sign-in in a file that only you can read, and run clio-sync auth'
        " login. Where nobody can sign in, set SOURCES__CLIO_MANAGE__ACCESS_TOKEN."
    )
    exit_code = 3


class UnsafeTokensError(TokenStoreError):
    """Others can read or change the sign-in that is kept in a file."""

    code = "unsafe_tokens"
    hint = (
        "The sign-in was not used. Whoever could read it may have copied it: make the folder tokens"
        " of the data folder yours with mode 0700, and its files 0600; then run clio-sync auth"
        " logout, which revokes it, and clio-sync auth login."
    )


class OtherSignInError(ClioError):
    """Somebody else signed in while this run was under way."""

    code = "other_sign_in"
    hint = (
        "Nothing was read with the new sign-in, and what was read before it stays. Run the same"
        " command again: it goes on if the new sign-in is for the same account."
    )
    exit_code = 4


class NotConfirmedError(ClioError):
    """Nobody said yes."""

    code = "not_confirmed"
    hint = "Nothing was changed. Run the same command again and answer y, or give it --yes."
    exit_code = 5


class NotRevokedError(ClioError):
    """Clio could not be told to forget a sign-in."""

    code = "not_revoked"
    hint = (
        "The sign-in was removed here all the same. Clio may still know it: remove the application"
        " in Clio, under the settings of the user who signed in, among the connected apps."
    )
    exit_code = 4


class LoadFailedError(ClioError):
    """What was read could not be stored."""

    code = "load_failed"
    hint = (
        "What the warehouse held before is as it was, and no watermark has moved."
        " Free disk space if it is short, then run the same command again."
    )
    exit_code = 4


class StorageError(ClioError):
    """The warehouse's file could not be read or written."""

    code = "storage"
    hint = (
        "What was committed stays, and no watermark has passed it. Free disk space if it is"
        " short, then run the same command again."
    )
    exit_code = 4


class ClockError(ClioError):
    """The server's time cannot be used."""

    code = "server_time"
    hint = "Nothing was loaded and no watermark has moved. Run the same command again later."
    exit_code = 4


class NoWarehouseError(ClioError):
    """There is no warehouse in the data folder yet."""

    code = "no_warehouse"
    hint = "Run clio-sync load to make it, or clio-sync demo to see an example."
    exit_code = 4


class NotADemoError(ClioError):
    """The data folder holds a warehouse that is not the demo's."""

    code = "not_a_demo"
    hint = "Nothing was touched. Point CLIO_SYNC__DATA_DIR at another folder for the demo."
    exit_code = 5


class DemoFolderError(ClioError):
    """The data folder holds the demo's invented firm."""

    code = "demo_folder"
    hint = "Nothing was loaded. Point CLIO_SYNC__DATA_DIR at another folder for a real firm."
    exit_code = 5


class NoBackupError(ClioError):
    """There is no backup in the data folder yet."""

    code = "no_backup"
    hint = "Run clio-sync backup create to make one, or name the folder of a backup elsewhere."
    exit_code = 4


class NotABackupError(ClioError):
    """The folder that was named holds no backup."""

    code = "not_a_backup"
    hint = (
        "Nothing was done. Name a folder that clio-sync backup create made, or none at all for the"
        " newest one in the data folder."
    )
    exit_code = 2


class DamagedBackupError(ClioError):
    """The backup is not what was written."""

    code = "damaged_backup"
    hint = (
        "The warehouse itself is not touched by this. Do not restore this backup; try an older"
        " one, and run clio-sync backup create for a new one."
    )
    exit_code = 7


class FileInTheWayError(ClioError):
    """There is already something where a report was to be written."""

    code = "file_in_the_way"
    hint = "Nothing was sent or written. Move it away, or name another file with --out."
    exit_code = 2


class DamagedFileError(ClioError):
    """A file of the data folder cannot be read."""

    code = "damaged_file"
    hint = "No backup was made and nothing was changed. Keep the file; older backups may hold it."
    exit_code = 7


class QueryError(ClioError):
    """A query cannot be run."""

    code = "query"
    hint = "Nothing was changed. Correct the query, then run the same command."
    exit_code = 2


class EditRefusedError(ClioError):
    """An edit cannot be made."""

    code = "edit_refused"
    hint = (
        "Nothing was proposed, and nothing was sent. Correct what is named, then run the same"
        " command; clio-sync edits template writes a file that shows what may be edited."
    )
    exit_code = 2


class WithheldBaseError(EditRefusedError):
    """Clio keeps the value of a field back from this token, so an edit has no base."""

    code = "withheld_base"
    hint = (
        "Nothing was proposed, and nothing was sent. Give the user of the token the permission in"
        " Clio, run clio-sync load, then propose it again."
    )
    exit_code = 5


class AbsentError(ClioError):
    """So much is absent from a list that a person must decide."""

    code = "absent"
    exit_code = 5

    def __init__(self, message: str, command: str, resource: str, rows: int) -> None:
        """Name the command with which a person lets these rows count as deleted."""
        super().__init__(message)
        self.hint = (
            "Nothing was marked as deleted, and every row stays. Look in Clio whether this user"
            " lost a permission or role, or whether the token is another user's. If the records"
            f" were really deleted: clio-sync {command} --resource {resource} --allow-absent {rows}"
        )


class StoppedWalkError(ClioError):
    """What a walk showed is stored, but proves nothing: the watermark stays."""

    code = "stopped_walk"
    exit_code = 5
    goes_on: ClassVar[bool] = True
    """What is stored is sound, so that the stages after a load may follow."""


class HiddenRowsError(StoppedWalkError):
    """A whole walk shows far fewer rows than are known."""

    code = "hidden_rows"

    def __init__(self, message: str, resource: str, rows: int, command: str = "sweep") -> None:
        """Name the command with which a person lets these rows count as deleted."""
        super().__init__(message)
        self.hint = (
            "Every row stays, and the next load asks again for what changed since this list was"
            " last proved. Look in Clio whether this user lost a permission or role. If the records"
            f" were really deleted: clio-sync {command} --resource {resource} --allow-absent {rows}"
        )


class FrozenError(StoppedWalkError):
    """Nothing has proved the list since the guard stopped a walk of it."""

    code = "frozen"
    exit_code = 4
    hint = (
        "What Clio shows is stored, and nothing is lost: each load asks again for what changed"
        " since the last proof. See that this user may read the list, then run clio-sync sweep."
    )


class OtherEyesError(StoppedWalkError):
    """The token's user or role is not the one that this warehouse was read with."""

    code = "other_eyes"
    hint = (
        "What this user is shown is stored, and no watermark moved: it may see less than the one"
        " before. If it sees everything that the warehouse should hold, run"
        " clio-sync sweep --accept-user."
    )


class WithheldError(ClioError):
    """A column that was filled comes back empty: this token may not see it any more."""

    code = "withheld"
    exit_code = 5
    goes_on: ClassVar[bool] = True

    def __init__(self, message: str, column: str, product: str) -> None:
        """Name the command with which a person takes the empties as they come.

        `product` is `manage` or `grow`: both may have a column of this name.
        """
        super().__init__(message)
        self.hint = (
            "The values known before are kept, figures that need this column are not known, and"
            " everything else is stored. Give the token's user the permission or role for it in"
            f" Clio, and load again; or accept it: clio-sync load {product} --accept-empty"
            f" {column}"
        )


class OtherAccountError(ClioError):
    """The token belongs to another account than the one in this warehouse."""

    code = "other_account"
    hint = (
        "Nothing was loaded or marked. Use a token of this warehouse's account, or point"
        " CLIO_SYNC__DATA_DIR at another folder for the other firm."
    )
    exit_code = 5


class OtherUserError(ClioError):
    """The token's user or role is not the one that this warehouse was read with."""

    code = "other_user"
    hint = (
        "Nothing was marked as deleted. What this user may see can differ. If it sees everything"
        " that the warehouse should hold, run clio-sync sweep --accept-user."
    )
    exit_code = 5


class UndecidedError(ClioError):
    """Rows are absent from a list, and Clio did not say what became of them."""

    code = "undecided"
    hint = (
        "They stay as they are and are not marked as deleted. Run clio-sync sweep again; if it"
        " stays so, look at clio-sync quarantine list and at this user's permissions in Clio."
    )
    exit_code = 4


class UnequalError(ClioError):
    """After a sweep the warehouse still differs from Clio."""

    code = "unequal"
    hint = (
        "Rows that Clio has and that do not fit their table are in clio-sync quarantine list."
        " Run clio-sync sweep again; the certificate in meta.certificates tells both sides."
    )
    exit_code = 7


class NothingProvedError(ClioError):
    """Not one collection could be proved."""

    code = "nothing_proved"
    hint = "There is no new certificate. Run clio-sync load, then clio-sync sweep again."
    exit_code = 4


class LedgerError(ClioError):
    """The ledger is not what was written."""

    code = "ledger"
    hint = (
        "Nothing was sent to Clio, and reading goes on. Keep ledger.sqlite as it is; see what is"
        " wrong with clio-sync audit verify, and put the newest backup of it back. Only if none"
        " is left, go on without what is lost: clio-sync audit accept."
    )
    exit_code = 7


class UnexpectedError(ClioError):
    """Something went wrong that clio-sync does not know."""

    code = "unexpected"
    hint = (
        "What was stored stays, and no watermark moved past it. Run the same command again;"
        " if it fails again, report this line."
    )
    exit_code = 1


def cause(failed: BaseException) -> BaseException:
    """Return the first cause of a failure."""
    first = failed
    while (inner := first.__cause__ or first.__context__) is not None:
        first = inner
    return first


def origin(failed: BaseException) -> str:
    """Name the first cause of a failure and the line that raised it, without its text."""
    first = cause(failed)
    frames = traceback.extract_tb(first.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return type(first).__name__ + where
