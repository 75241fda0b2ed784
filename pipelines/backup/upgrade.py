"""Open a warehouse to write into it; one of an older clio-sync is copied first."""

from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.context import Context
from pipelines.state.epoch import is_older, migrate
from pipelines.warehouse import MEMORY_LIMIT, Warehouse

from .create import make


@contextmanager
def opened(context: Context, memory_limit: str = MEMORY_LIMIT) -> Iterator[Warehouse]:
    """Open the warehouse of a data folder of which the writer's lock is held.

    One that an older clio-sync made is brought up to date in one transaction, after a backup: so
    there is always a way back to the older one.

    Raises:
        NewerFileError: a newer clio-sync made it.
        ClioError: it cannot be opened; or the backup cannot be made, and nothing was changed.

    """
    folder = context.settings.data_dir
    with Warehouse(folder, memory_limit=memory_limit) as warehouse:
        older = is_older(warehouse)
        if not older:
            yield warehouse
    if older:
        backup, _ = make(context)
        context.reporter.note(
            f"an older clio-sync made this warehouse: it is brought up to date, and {backup} holds"
            " it as it was"
        )
        with Warehouse(folder, memory_limit=memory_limit) as warehouse:
            migrate(warehouse)
            yield warehouse
