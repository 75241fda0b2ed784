"""What can go wrong on the warehouse's side."""

import traceback
from pathlib import Path

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
    """The warehouse cannot be opened."""

    code = "warehouse"
    hint = (
        "Nothing was changed. Keep warehouse.duckdb and warehouse.duckdb.wal together; move both"
        " aside, never delete them, and run clio-sync load to build the warehouse anew."
    )
    exit_code = 7


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


class FutureWatermarkError(ClioError):
    """The stored watermark lies in the server's future."""

    code = "future_watermark"
    hint = "Nothing was loaded for this collection. Run clio-sync load --full to read it anew."
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


class UnexpectedError(ClioError):
    """Something went wrong that clio-sync does not know."""

    code = "unexpected"
    hint = (
        "What was stored stays, and no watermark moved past it. Run the same command again;"
        " if it fails again, report this line."
    )
    exit_code = 1


def cause(failed: BaseException) -> BaseException:
    """Give the first cause of a failure."""
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
