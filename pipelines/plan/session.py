"""What planning and pushing work with, opened in one place: lock, warehouse, ledger, Clio."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pendulum

from pipelines.access.client import open_client
from pipelines.config.files import login
from pipelines.context import Context
from pipelines.edits.allowed import SOURCE, Allowed, Record, Visibility, allowed
from pipelines.edits.fields import EditableCustomField, FieldRef, parse
from pipelines.edits.warehouse_records import definitions
from pipelines.folder import last_seen, open_folder, open_ledger
from pipelines.ledger import mirror
from pipelines.ledger.errors import PlanRefusedError
from pipelines.ledger.ledger import Ledger
from pipelines.load import products
from pipelines.load.planning import EVERYTHING
from pipelines.state import own_writes
from pipelines.warehouse import Warehouse
from sources.clio_http.catalog import Catalog
from sources.clio_http.client import ClioClient

from . import guards
from .four_eyes import Person
from .plan_file import Plan
from .refresh_records import RecordsWanted, Rereading


@dataclass(frozen=True)
class Session:
    """An open data folder, with Clio Manage at hand and the token's account checked."""

    run: Context
    warehouse: Warehouse
    ledger: Ledger
    client: ClioClient
    reading: Rereading
    catalog: Catalog
    allowed: Allowed
    custom_fields: tuple[EditableCustomField, ...]
    me: Person

    @property
    def account(self) -> str:
        """Return the account that the token is of; empty where Clio does not say."""
        return self.reading.identity.account_id

    @property
    def now(self) -> pendulum.DateTime:
        """Return the time by Clio's clock, as its newest answer told."""
        return self.client.server_time or self.run.clock.now()

    @property
    def region(self) -> str:
        """Return the region that is configured."""
        return self.run.settings.sources[SOURCE].region

    @property
    def host(self) -> str:
        """Return the host and port that would be written to."""
        return urlsplit(self.client.settings.base_url).netloc

    def demand_here(self, plan: Plan) -> None:
        """Refuse a plan that is for another account or another host.

        Raises:
            PlanRefusedError: it is.

        """
        here = {"account": self.account, "region": self.region, "host": self.host}
        for name, found in here.items():
            planned = getattr(plan, name)
            if planned != found:
                message = f"the plan is for {name} {planned}, and this is {found or 'not known'}"
                raise PlanRefusedError(message)

    def ref(self, resource: str, field: str) -> FieldRef:
        """Find a field that may be edited, as of now.

        Raises:
            EditRefusedError: it may not be, is hidden here, or is no longer there.

        """
        ref = self.field(resource, field)
        self.allowed.demand(ref)
        self.visibility.demand(ref)
        return ref

    def field(self, resource: str, field: str) -> FieldRef:
        """Find a field, whether settings let it be edited or not.

        Raises:
            EditRefusedError: it is no longer there, or never written.

        """
        return parse(self.catalog, resource, field, self.custom_fields)

    @property
    def visibility(self) -> Visibility:
        """Return what may be seen of records."""
        return self.reading.visibility

    @property
    def policy(self) -> str:
        """Return a digest of the rules that a plan is made and pushed under."""
        return guards.policy(self.allowed.names, self.visibility.policy)

    def read(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Record]:
        """Read some records, by collection and id, and store what is new.

        Raises:
            ClioError: they could not be read; nothing is known of them.

        """
        every = list(dict.fromkeys(keys))
        return self.reading.read(
            [
                RecordsWanted(resource, tuple(key for name, key in every if name == resource))
                for resource in sorted({resource for resource, _ in every})
            ]
        )


def person(context: Context) -> Person:
    """Return who is acting."""
    return Person(context.settings.actor, login())


@contextmanager
def session(context: Context, command: str, run_id: str) -> Iterator[Session]:
    """Open a data folder to plan or to push, and prove that its ledger is whole.

    Raises:
        NoWarehouseError: nothing was loaded yet.
        DemoFolderError: the folder holds the demo's firm, and this is not the demo.
        LedgerError: the ledger is damaged, or was longer when the warehouse saw it last.
        ClioError: Clio cannot be reached, or the token is of another account.

    """
    settings, clock = context.settings, context.clock
    options = settings.sources[SOURCE]
    product = products.product(SOURCE, options)
    with (
        open_folder(context, command, write=True, run_id=run_id) as warehouse,
        open_ledger(context, warehouse) as ledger,
        open_client(SOURCE, settings, clock, context.stop) as client,
    ):
        ledger.demand_whole(last_seen(warehouse))
        reading = Rereading(
            product,
            warehouse,
            client,
            clock,
            run_id=run_id,
            choice=EVERYTHING,
            reporter=context.reporter,
            stop=context.stop,
            masks=products.masks(product.catalog, options, settings.data_dir),
        )
        try:
            reading.begin()
            own_writes.note(warehouse, sent(ledger))
            yield Session(
                context,
                warehouse,
                ledger,
                client,
                reading,
                product.catalog,
                allowed(product.catalog, settings.writable),
                definitions(warehouse),
                person(context),
            )
            own_writes.note(warehouse, sent(ledger))
            mirror.refresh(warehouse, ledger)
        finally:
            reading.close()


def sent(ledger: Ledger) -> list[own_writes.Echo]:
    """Return the versions that our own writes made, as far as the answers showed them."""
    found = ledger.rows(
        "select resource, record_id, if_match, etag_after, plan_hash, ended_at from attempts"
        " where etag_after <> '' and etag_after <> if_match order by seq"
    )
    return [own_writes.Echo(SOURCE, *row) for row in found]
