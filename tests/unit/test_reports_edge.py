"""The one POST that may be sent, and how Clio's own reports are read."""

import io
import threading
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.config import SourceSettings
from pipelines.load import products
from pipelines.progress import Lines
from pipelines.reconcile.asked import ReconcileSession
from pipelines.reconcile.definitions import read_definitions
from pipelines.reconcile.explain import explained
from pipelines.reconcile.reports import LAYOUTS, StrangeReportError, asked_reports, read_report
from pipelines.reconcile.verdicts import (
    UNEXPLAINED,
    Comparison,
    ComparisonLine,
    ComparisonStatus,
    concluded,
)
from pipelines.state.hashed_columns import Masks
from pipelines.state.runs import Meta
from pipelines.warehouse import Warehouse
from sources.clio_http import reports
from sources.clio_http.api import ClientSettings
from sources.clio_http.client import ClioClient
from sources.clio_http.clock import SystemClock
from sources.clio_http.hosts import demand_storage
from sources.clio_http.reports import ReportRequest, ask, report
from sources.clio_http.secret import Secret
from sources.clio_simulator import Simulator
from sources.errors import (
    ForeignHostError,
    Interrupted,
    RateLimitedError,
    UnreachableError,
    WriteRefusedError,
)
from tests.system.firm import QuickClock

CLIO = ClientSettings("clio_manage", "https://app.clio.com", "/api/v4", Secret("t" * 20))


@pytest.mark.parametrize(
    ("product", "wanted"),
    [
        ("clio_grow", ReportRequest("revenue")),
        ("clio_manage", ReportRequest("general_ledger")),
        ("clio_manage", ReportRequest("../bills")),
        ("clio_manage", ReportRequest("revenue", "2026-01-01")),
        ("clio_manage", ReportRequest("revenue", "2026-01-01", "today")),
    ],
)
def test_what_is_never_posted(product: str, wanted: ReportRequest) -> None:
    """Another product, another kind or an odd period is refused before anything leaves."""
    settings = ClientSettings(product, "http://127.0.0.1:1", "/api/v4", Secret("t" * 20))
    with ClioClient(settings, SystemClock()) as client, pytest.raises(WriteRefusedError):
        ask(client, SystemClock(), wanted)
    assert client.requests == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://storage.example.com/x",
        "https://127.0.0.1/x",
        "http://127.0.0.1/x",
        "file:///etc/passwd",
        "https://user:word@storage.example.com/x",
        "https://storage.example.com:8443/x",
        "https://storage.example.com/ x",
        "",
    ],
)
def test_where_nothing_is_fetched_from(url: str) -> None:
    """Only https on its own port, and nothing on this machine unless Clio is on it."""
    with pytest.raises(ForeignHostError):
        demand_storage(url, CLIO.origin)
    demand_storage("https://storage.example.com/x?signature=1", CLIO.origin)


def test_report_over_sockets() -> None:
    """A report is asked for once, waited for, and fetched without the token."""
    with Simulator(7, scale=0.05, rate_limit=0, report_seconds=0.2) as clio:
        settings = ClientSettings("clio_manage", clio.url, "/api/v4", Secret(clio.token))
        clock = SystemClock()
        with ClioClient(settings, clock) as client:
            body = report(client, clock, ReportRequest("trust_listing"))
        assert body.decode("utf-8-sig").startswith("Account,Matter,Client,Balance")
        posts = [one for one in clio.requests if one.method == "POST"]
        assert [one.path for one in posts] == ["/api/v4/reports.json"]


def test_report_while_clio_is_busy() -> None:
    """A 429 is waited out, a few times; then it is an error, and nothing was made."""
    with Simulator(7, scale=0.05, rate_limit=1, rate_window=3600) as clio:
        settings = ClientSettings("clio_manage", clio.url, "/api/v4", Secret(clio.token))
        clock = QuickClock()
        with ClioClient(settings, clock) as client:
            client.look("users/who_am_i")
            with pytest.raises(RateLimitedError):
                ask(client, clock, ReportRequest("trust_listing"))
        posts = [one.status for one in clio.requests if one.method == "POST"]
        assert posts == [429, 429, 429]


def test_kinds_are_those_that_are_read() -> None:
    """Each report that may be asked for has a layout, and no other has."""
    assert set(LAYOUTS) == reports.KINDS


def test_run_that_is_to_stop() -> None:
    """An order to stop is no report that failed: nothing else is asked for, and it is told."""
    stop, clock = threading.Event(), SystemClock()
    stop.set()
    with ClioClient(CLIO, clock, stop=stop) as client, pytest.raises(Interrupted):
        asked_reports(client, clock, date(2026, 10, 31), Lines(io.StringIO()), Masks())
    assert client.requests == 0


def test_last_look_that_is_to_stop(tmp_path: Path) -> None:
    """An order to stop while differences are looked into ends the run: no package tells less."""
    stop, clock, options = threading.Event(), SystemClock(), SourceSettings()
    stop.set()
    product = products.product("clio_manage", options)
    masks = products.masks(product.catalog, options, tmp_path)
    line = ComparisonLine("bill:5", "5", Decimal(1), Decimal(2), "bills", "5", cause=UNEXPLAINED)
    (definition,) = [one for one in read_definitions((2,)) if one.name == "bill_balances"]
    found = concluded(
        Comparison(definition, ComparisonStatus.MATCH, 1, 0, Decimal(1), Decimal(2), (line,))
    )
    with Warehouse(tmp_path) as warehouse, ClioClient(CLIO, clock, stop=stop) as client:
        Meta(warehouse)
        warehouse.rows("create schema raw_clio_manage")
        warehouse.rows("create table raw_clio_manage.bills (id bigint)")
        desk = ReconcileSession(warehouse, product, client, clock, masks, Lines(io.StringIO()))
        with pytest.raises(Interrupted):
            explained(desk, [found])
    assert client.requests == 0


def test_clio_that_cannot_be_reached() -> None:
    """That is no report that failed either: it is told, with the exit code of a network."""
    settings = ClientSettings("clio_manage", "http://127.0.0.1:1", "/api/v4", Secret("t" * 20))
    clock = QuickClock()
    with ClioClient(settings, clock) as client, pytest.raises(UnreachableError) as told:
        asked_reports(client, clock, date(2026, 10, 31), Lines(io.StringIO()), Masks())
    assert told.value.exit_code == 4


def test_numbers_of_reports() -> None:
    """Thousands, signs of money and brackets are read; headings in any case and order."""
    body = b'BALANCE,Client,Bill\r\n"(1,234.50)",Smith,7\r\n$5,Jones,8\r\n'
    found = read_report(body, LAYOUTS["accounts_receivable"]).to_pylist()
    assert [row["balance"] for row in found] == [Decimal("-1234.50"), Decimal(5)]
    assert [row["bill"] for row in found] == ["7", "8"]


def test_long_fractions_of_reports() -> None:
    """Hours with more places than are kept are rounded, and do not end the run."""
    body = b"Matter,Hours,Amount\r\nx,0.1666666666667,1\r\n"
    found = read_report(body, LAYOUTS["work_in_progress"]).to_pylist()
    assert found[0]["hours"] == Decimal("0.166667")


@pytest.mark.parametrize(
    "body",
    [
        b"Bill,Client\r\n1,Smith\r\n",
        b"Bill,Client,Balance\r\n1,Smith,many\r\n",
        b"Bill,Client,Balance\r\n1,Smith\r\n",
        b"Bill,Client,Balance\r\n1,Smith,NaN\r\n",
        b'Bill,Client,Balance\r\n1,Smith,"1,50"\r\n',
        b'Bill,Client,Balance\r\n1,Smith,"1.234,50"\r\n',
        b"Bill,Client,Balance\r\n1,Smith,(-5)\r\n",
        b"Bill,Client,Balance\r\n1,Smith,1e40\r\n",
        b"Bill,Client,Balance\r\n1,Smith,11111111111111111111111111111111111111.00\r\n",
        b"\xff\xfe",
    ],
)
def test_report_that_is_not_guessed_at(body: bytes) -> None:
    """A missing column, a number that is none or a short row is told, and no text of it is."""
    with pytest.raises(StrangeReportError) as caught:
        read_report(body, LAYOUTS["accounts_receivable"])
    assert "Smith" not in str(caught.value)


def test_empty_report_has_no_rows() -> None:
    """A report without rows is one, and not a failure."""
    table = read_report(b"", LAYOUTS["trust_ledger"])
    assert (table.num_rows, table.schema.field("day").type) == (0, "date32[day]")
