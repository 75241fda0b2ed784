"""What can go wrong on the warehouse's side."""

from sources.errors import ClioError


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
