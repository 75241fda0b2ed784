"""The commands `reconcile`, `reconcile accept` and `reconcile verify`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pendulum
import pyarrow as pa

from pipelines.access.client import base_url, open_client
from pipelines.context import Context
from pipelines.errors import NoWarehouseError, OtherAccountError
from pipelines.folder import demand_warehouse, is_demo, open_folder
from pipelines.ledger.ledger import Entry, Ledger
from pipelines.load import products
from pipelines.outcome import Outcome
from pipelines.state import server
from pipelines.warehouse import FILE, Warehouse, moment
from sources.errors import ClioError, ConfigurationError

from . import asked, reports
from .acceptance import REPORTED, Acceptance, accept, acceptances, applied, is_news, remember
from .asked import ReconcileSession, SampleRequest
from .conclusion import tell
from .definitions import read_definitions, read_list
from .document import Evidence, Heading, ListedRows
from .errors import PackageAlteredError
from .evaluate import NEVER_BUILT, Inputs, evaluate
from .explain import explained
from .package import demand_free, verify_package, write_package
from .pushed import pushed

REPORTS = "reports"
"""The folder of packages in the data folder."""
MEMORY_LIMIT = "400MB"
AS_OF = pa.schema([("resource", pa.string()), ("complete_at", pa.timestamp("us", tz="UTC"))])
BY_MONTH = (
    "staging.stg_manage__activities",
    "staging.stg_manage__allocations",
    "staging.stg_manage__bank_transactions",
    "staging.stg_manage__bills",
)
LISTINGS = {
    "By month": ("by_month", BY_MONTH),
    "Trust three-way": ("trust_three_way", ("trust.rpt_three_way",)),
    "Trust exceptions": ("trust_exceptions", ("trust.rpt_trust_exceptions",)),
    "Identity": ("identity", ("core.xref_grow_manage",)),
    "Requests": ("requests", ("meta.sync_runs",)),
}
"""Title → file of the query, and the relations that it reads."""
EVERY_DAY, WITHOUT_REPORTS, ALL = (1, 2), (1, 2, 4), (1, 2, 3, 4)
SCOPES = {EVERY_DAY: "levels 1 and 2", WITHOUT_REPORTS: "levels 1, 2 and 4", ALL: "levels 1 to 4"}
SAMPLE_EVERY_DAY = 50
OF_THE_DEMO = "the demo's Clio has ended"
NO_MANAGE = "nothing of Clio Manage was loaded"


@dataclass(frozen=True)
class ReconcileOptions:
    """What a person asks for: collections whose ids are walked, records of a sample, a folder.

    `ids` is None where no list is walked, and empty for all that are stored. What is `scheduled`
    compares levels 1 and 2, and writes a package only where it has something new to tell.
    """

    ids: tuple[str, ...] | None = None
    sample: int = 0
    out: Path | None = None
    reports: bool = False
    scheduled: bool = False

    @property
    def levels(self) -> tuple[int, ...]:
        """Return the levels that are compared."""
        if self.scheduled:
            return EVERY_DAY
        return ALL if self.reports else WITHOUT_REPORTS


LIGHT = ReconcileOptions(sample=SAMPLE_EVERY_DAY, scheduled=True)
"""What `sync --reconcile light` asks for."""


def run_reconcile(context: Context, wish: ReconcileOptions) -> Outcome:
    """Compare Clio with the warehouse and write the evidence.

    Raises:
        NoWarehouseError: nothing was loaded yet.
        DefinitionError: a comparison is not defined as it has to be.
        PackageFolderError: the folder of the package cannot be written.
        BusyError: another run is at work.

    """
    folder, clock = context.settings.data_dir, context.clock
    demand_warehouse(folder)
    outcome = Outcome("reconcile", clock.now(), run_id=uuid4().hex)
    out = wish.out or folder / REPORTS / f"{clock.now().to_date_string()}-{outcome.run_id[:8]}"
    demand_free(out)
    with (
        open_folder(context, "reconcile", write=False, memory_limit=MEMORY_LIMIT) as warehouse,
        context.reporter,
    ):
        found = _compared(context, wish, warehouse, outcome)
    package = out if not wish.scheduled or is_news(folder / REPORTS, found.comparisons) else None
    if package is not None:
        digest = write_package(package, found)
        with _noted(outcome):
            _keep(context, found, digest)
        remember(folder / REPORTS, found.comparisons, more=wish.scheduled)
    tell(outcome, found, package)
    outcome.finished_at = clock.now()
    return outcome


def _compared(
    context: Context, wish: ReconcileOptions, warehouse: Warehouse, outcome: Outcome
) -> Evidence:
    settings, clock = context.settings, context.clock
    complete = asked.complete_at(warehouse)
    as_of = pa.table([list(complete), list(complete.values())], schema=AS_OF)
    inputs = Inputs({"as_of": as_of}) | _unasked()
    known: Mapping[str, Acceptance] = {}
    head = ""
    with _noted(outcome), Ledger.open(settings.data_dir, clock, read_only=True) as ledger:
        inputs |= Inputs({"pushed": pushed(warehouse, ledger, settings)})
        known, head = acceptances(ledger), str(ledger.head())
    definitions = read_definitions(wish.levels)
    with ExitStack() as stack:
        desk, why = _desk(context, wish, warehouse, stack, outcome)
        inputs |= _unasked(why) if desk is None else _answers(context, wish, desk, outcome)
        comparisons = evaluate(warehouse, definitions, inputs)
        if desk is not None:
            comparisons = explained(desk, comparisons)
    listings = {title: _listing(warehouse, *told) for title, told in LISTINGS.items()}
    heading = _heading(context, wish, warehouse, outcome, head)
    return Evidence(heading, applied(comparisons, known), listings)


@contextmanager
def _noted(outcome: Outcome) -> Iterator[None]:
    """Let what stands between us and one source be told at the end; the others go on."""
    try:
        yield
    except ClioError as error:
        outcome.errors.append(("", error))


def _unasked(why: str = "") -> Inputs:
    return asked.unasked(why) | reports.unasked(why)


def _desk(
    context: Context,
    wish: ReconcileOptions,
    warehouse: Warehouse,
    stack: ExitStack,
    outcome: Outcome,
) -> tuple[ReconcileSession | None, str]:
    """Open Clio where it is to be asked; else say why it cannot be."""
    if wish.ids is None and not wish.sample and not wish.reports:
        return None, ""
    if is_demo(context.settings.data_dir) and not context.into_demo:
        return None, OF_THE_DEMO
    if not warehouse.layout(asked.RAW):
        return None, NO_MANAGE
    options = context.settings.sources[asked.SOURCE]
    product = products.product(asked.SOURCE, options)
    masks = products.masks(product.catalog, options, context.settings.data_dir)
    try:
        client = stack.enter_context(
            open_client(asked.SOURCE, context.settings, context.clock, context.stop)
        )
        desk = ReconcileSession(warehouse, product, client, context.clock, masks, context.reporter)
        asked.demand_account(desk)
    except OtherAccountError:
        raise
    except ClioError as error:
        outcome.errors.append((asked.SOURCE, error))
        return None, str(error)
    return desk, ""


def _answers(
    context: Context, wish: ReconcileOptions, desk: ReconcileSession, outcome: Outcome
) -> Inputs:
    """Ask Clio for what is wished; what cannot be answered is not run, and says why.

    Raises:
        ConfigurationError: a collection is named whose ids cannot be walked.

    """
    stored = [one.name for one in desk.stored()]
    names = stored if wish.ids == () else list(wish.ids or ())
    if unknown := sorted(set(names) - set(stored)):
        message = f"{unknown[0]} is no collection whose ids can be walked here"
        raise ConfigurationError(message)
    found = Inputs()
    try:
        day = context.clock.now().to_date_string()
        found |= asked.ask(desk, SampleRequest(tuple(names), wish.sample, day))
        if wish.reports:
            # the day of the reports is the server's, in the firm's time zone
            now = desk.client.server_time or context.clock.now()
            today = now.in_timezone(context.settings.time_zone).date()
            found |= reports.asked_reports(
                desk.client, context.clock, today, context.reporter, desk.masks
            )
    except ClioError as error:
        outcome.errors.append((asked.SOURCE, error))
        found |= _unasked(str(error))
    return found


def _listing(warehouse: Warehouse, name: str, needs: Sequence[str]) -> ListedRows:
    """Read one of the lists that go along."""
    for relation in needs:
        schema, _, table_name = relation.partition(".")
        if not warehouse.columns(schema, table_name):
            return ListedRows(reason=NEVER_BUILT.format(name=relation))
    with closing(warehouse.cursor()) as cursor:
        cursor.execute(read_list(name))
        names = [column[0] for column in cursor.description or ()]
        return ListedRows(names, cursor.fetchall())


def _heading(
    context: Context, wish: ReconcileOptions, warehouse: Warehouse, outcome: Outcome, head: str
) -> Heading:
    pinned = server.pinned(warehouse, asked.SOURCE)
    scope = SCOPES[wish.levels]
    if wish.ids is not None:
        scope += f"; ids of {', '.join(wish.ids) or 'every collection'}"
    return Heading(
        run_id=outcome.run_id,
        made_at=outcome.started_at,
        actor=context.settings.actor,
        host=base_url(asked.SOURCE, context.settings.sources[asked.SOURCE]),
        account=pinned.account_id if pinned else "",
        loaded_at=_newest(warehouse, "sync_runs", "finished_at"),
        built_at=_newest(warehouse, "model_runs", "started_at"),
        audit_head=head,
        scope=f"{scope}; a sample of {wish.sample} records",
        is_demo=is_demo(context.settings.data_dir),
    )


def _newest(warehouse: Warehouse, name: str, column: str) -> pendulum.DateTime | None:
    if not warehouse.columns("meta", name):
        return None
    found = warehouse.rows(f"select max({column}) from meta.{name}")  # noqa: S608 - names that stand above
    return moment(found[0][0])


def _keep(context: Context, found: Evidence, digest: str) -> None:
    """Chain the package to the ledger: an altered one is not the one that was recorded."""
    body = {
        "run_id": found.heading.run_id,
        "manifest": digest,
        "open_differences": found.open,
        **{f"count {name}": count for name, count in found.counts.items()},
    }
    with Ledger.open(context.settings.data_dir, context.clock) as ledger:
        ledger.record(context.settings.actor, Entry(REPORTED, body))


def run_accept(context: Context, wanted: str, reason: str) -> Outcome:
    """Accept a difference of the last run, for as long as it is the same.

    Raises:
        NoDifferenceError: the last run found none with this id.
        LedgerError: the ledger is damaged.

    """
    outcome = Outcome("reconcile accept", context.clock.now())
    folder = context.settings.data_dir
    if not (folder / FILE).exists():
        raise NoWarehouseError
    with Ledger.open(folder, context.clock) as ledger:
        found = accept(ledger, folder / REPORTS, context.settings.actor, wanted, reason)
    outcome.results = [{"id": found.id, "comparison": found.comparison}]
    outcome.text = (
        f"Accepted: {found.id} of {found.comparison}. It is open again as soon as either side"
        " changes.\n"
    )
    outcome.finished_at = context.clock.now()
    return outcome


def run_verify(context: Context, folder: Path) -> Outcome:
    """Hold a package against its manifest, and that against the ledger.

    Raises:
        PackageAlteredError: a file was altered, or the ledger knows no such package.

    """
    outcome = Outcome("reconcile verify", context.clock.now())
    digest = verify_package(folder)
    with Ledger.open(context.settings.data_dir, context.clock, read_only=True) as ledger:
        known = ledger.rows(
            "select seq, at, actor from events where kind = ? and body ->> '$.manifest' = ?",
            [REPORTED, digest],
        )
    if not known:
        message = "the ledger knows no package with this manifest"
        raise PackageAlteredError(message)
    event, at, actor = known[0]
    outcome.results = [{"manifest": digest, "event": event, "made_at": at, "actor": actor}]
    outcome.text = f"Every file is as {actor} made it at {at}; event {event} of the ledger.\n"
    outcome.finished_at = context.clock.now()
    return outcome
