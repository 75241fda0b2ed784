"""The data folder, opened in one place with every check that a command needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .backup.create import make
from .context import Context
from .errors import DemoFolderError, NoWarehouseError
from .ledger.ledger import Head, Ledger
from .state import own_writes
from .state.epoch import check_epoch, is_older, migrate
from .warehouse import DEMO_MARK, FILE, MEMORY_LIMIT, Warehouse, prepare_data_folder, writer_lock


@contextmanager
def open_folder(  # noqa: PLR0913 - one argument for each check
    context: Context,
    command: str,
    *,
    write: bool,
    run_id: str = "",
    new: bool = False,
    memory_limit: str = MEMORY_LIMIT,
) -> Iterator[Warehouse]:
    """Open the warehouse as the only command at work on the data folder.

    To write, a warehouse of an older clio-sync is brought up to date first. `run_id` is that of a
    run that asks Clio: it is refused in the folder of the demo, and a warehouse that went back is
    noted. `new` makes a warehouse where there is none.

    Raises:
        NoWarehouseError: nothing was loaded yet.
        DemoFolderError: the folder holds the demo's firm, and this is not the demo.
        BusyError: another run is at work on the folder.
        ClioError: the warehouse cannot be opened or brought up to date.

    """
    folder = context.settings.data_dir
    if not new:
        demand_warehouse(folder)
    prepare_data_folder(folder)
    if run_id:
        refuse_demo(context)
    with (
        writer_lock(folder, command, context.clock.now()),
        _brought_up_to_date(context, memory_limit)
        if write
        else Warehouse(folder, read_only=True, memory_limit=memory_limit) as warehouse,
    ):
        if run_id and (note := check_epoch(warehouse, folder, context.clock.now(), run_id)):
            context.reporter.note(note)
        yield warehouse


@contextmanager
def _brought_up_to_date(context: Context, memory_limit: str) -> Iterator[Warehouse]:
    """Open a warehouse to write; an older one is brought up to date in one transaction.

    It is backed up before: so there is always a way back to the older clio-sync.
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


def read_warehouse(folder: Path) -> Warehouse:
    """Open the warehouse of a data folder to look into it, beside whoever is at work.

    Raises:
        NoWarehouseError: nothing was loaded yet.
        BusyError: a command has it open to write.
        WarehouseError: it cannot be opened.

    """
    demand_warehouse(folder)
    return Warehouse(folder, read_only=True)


def demand_warehouse(folder: Path) -> None:
    """Refuse a data folder that nothing was loaded into.

    Raises:
        NoWarehouseError: it is one.

    """
    if not (folder / FILE).exists():
        raise NoWarehouseError


def refuse_demo(context: Context) -> None:
    """Refuse to mix a firm with that of the demo.

    Raises:
        DemoFolderError: the folder holds the demo's firm, and this is not the demo.

    """
    if is_demo(context.settings.data_dir) and not context.into_demo:
        raise DemoFolderError


def is_demo(folder: Path) -> bool:
    """Tell whether a data folder holds the demo's firm."""
    return (folder / DEMO_MARK).exists()


@contextmanager
def open_ledger(context: Context, warehouse: Warehouse) -> Iterator[Ledger]:
    """Open the ledger, unless it was lost or an older one was put back: none is made instead.

    Raises:
        LedgerError: it is damaged, or the warehouse saw more events than it holds.

    """
    folder, seen = context.settings.data_dir, last_seen(warehouse)
    with Ledger.open(folder, context.clock, read_only=True) as ledger:
        ledger.demand_held(seen)
    with Ledger.open(folder, context.clock) as ledger:
        yield ledger


def last_seen(warehouse: Warehouse) -> Head:
    """Return the head of the ledger as the warehouse saw it last."""
    return Head(*own_writes.seen(warehouse))
