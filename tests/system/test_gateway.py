"""Clio Manage through the Maton gateway: what is loaded, what is refused, and what went where."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pytest

from pipelines.access.client import access, open_client
from pipelines.config import Settings, SourceSettings
from sources.clio_http.client import WHO_AM_I
from sources.clio_http.clock import SystemClock
from sources.clio_http.hosts import Gateway
from sources.clio_http.secret import Secret
from sources.clio_simulator import Seed, Simulator
from sources.clio_simulator.faults import Status
from sources.clio_simulator.world import fingerprint
from sources.errors import ClioError, GatewayConnectionError, GatewayKeyError
from tests.system.conftest import NewFirm
from tests.system.firm import CATALOG, RAW, Firm

KINDS = (
    "activities",
    "billable_matters",
    "bills",
    "contacts",
    "contacts__daily",
    "matter_contacts",
    "matters",
    "notes",
    "tasks",
)
OFF = {name for name, collection in CATALOG.loaded.items() if collection.off}
SMALL = {"contacts": 12, "matters": 8, "activities": 40, "bills": 6}


@dataclass
class FirmBehindGateway(Firm):
    """A firm whose settings hold the gateway's key and no token of Clio's."""

    key: str = ""
    connection: str = ""

    @property
    def settings(self) -> Settings:
        """Return the settings of a load of this firm."""
        key = Secret(self.key or self.clio.maton_key)
        gateway = Gateway(self.clio.maton_url, key, self.connection)
        manage = SourceSettings(gateway=gateway, **self.options)
        return replace(
            super().settings, sources={**super().settings.sources, "clio_manage": manage}
        )


def behind(firm: Firm) -> FirmBehindGateway:
    """Return a firm's Clio as the gateway shows it."""
    return FirmBehindGateway(firm.clio, firm.folder)


@dataclass
class Both:
    """One Clio, loaded directly and through the gateway."""

    direct: Firm
    through: FirmBehindGateway

    def differing(self, names: Iterable[str]) -> list[str]:
        """Name the tables whose rows are not the same, value by value, however often each."""
        found = []
        with duckdb.connect() as connection:
            for name, firm in (("direct", self.direct), ("through", self.through)):
                file = firm.folder / "warehouse.duckdb"
                connection.execute(f"attach '{file}' as {name} (read_only)")
            for name in names:
                columns = ", ".join(f'"{c.name}"' for c in CATALOG.loaded[name].columns)
                one, other = (
                    f'(select {columns} from {side}.{RAW}."{name}")'
                    for side in ("direct", "through")
                )
                more, less = f"{one} except all {other}", f"{other} except all {one}"
                if connection.execute(f"from ({more}) limit 1").fetchall():
                    found.append(f"{name}: rows that were loaded directly only")
                if connection.execute(f"from ({less}) limit 1").fetchall():
                    found.append(f"{name}: rows that were loaded through the gateway only")
        return found


def both_ways(clio: Simulator, folder: Path, *names: str) -> Both:
    """Load some collections, or everything, directly and then through the gateway."""
    made = Both(Firm(clio, folder / "direct"), FirmBehindGateway(clio, folder / "through"))
    assert made.direct.load(*names, every=True).exit_code == 0
    made.direct.first_requests = len(clio.requests)
    outcome = made.through.load(*names, every=True)
    assert outcome.exit_code == 0, outcome.errors
    return made


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Return lists of each kind, loaded in both ways; tests only look at them."""
    with Simulator(Seed(7, **SMALL), rate_limit=0) as clio:
        yield both_ways(clio, tmp_path_factory.mktemp("both"), *KINDS)


def test_load_equals_a_direct_one(both: Both) -> None:
    """Lists of each kind have the same rows, value by value, as when Clio is asked directly."""
    assert both.differing(KINDS) == []
    assert both.through.differences("matters", "activities") == []
    counted = " union all ".join(f'select count(*) from {RAW}."{name}"' for name in KINDS)
    assert (0,) not in both.through.query(counted)


@pytest.mark.long
def test_whole_load_equals_a_direct_one(tmp_path: Path) -> None:
    """Every collection has the same rows as when Clio is asked directly."""
    with Simulator(Seed(7), rate_limit=0) as clio:
        whole = both_ways(clio, tmp_path)
        assert whole.differing(CATALOG.loaded) == []
        filled = [n for n in CATALOG.loaded if whole.through.query(f'from {RAW}."{n}" limit 1')]
        assert set(CATALOG.loaded) - set(filled) == OFF


def test_gateway_is_asked_and_nobody_else(both: Both) -> None:
    """Each request goes to the gateway with its key, and reaches Clio with the connection's token.

    Paths and version are those that Clio is asked for directly, less the ending.
    """
    clio, first = both.direct.clio, both.direct.first_requests
    directly, later = clio.requests[:first], clio.requests[first:]
    at_gateway = [asked for asked in later if asked.path.startswith("/maton/clio/api/v4/")]
    at_clio = [asked for asked in later if asked.path.startswith("/api/v4/")]
    assert len(at_gateway) == len(at_clio) == len(later) / 2 == len(directly)
    assert {asked.token for asked in at_gateway} == {fingerprint(clio.maton_key)}
    assert {asked.token for asked in at_clio} == {fingerprint(clio.token)}
    assert {asked.headers["x-api-version"] for asked in at_clio} == {"4.0.13"}
    assert not any("maton-connection" in asked.headers for asked in at_gateway)
    plain = {asked.path.removesuffix(".json") for asked in directly}
    assert {asked.path for asked in at_clio} == plain


def test_links_to_clio_are_followed_at_the_gateway(new_firm: NewFirm) -> None:
    """`next` names Clio's own host; the page is asked for at the gateway, and all rows come."""
    firm = behind(new_firm(contacts=30, matters=4, activities=450))
    assert firm.load("activities").exit_code == 0
    assert firm.differences("activities") == []
    asked = [each for each in firm.clio.requests if each.path.startswith("/maton/")]
    assert sum("page_token=" in each.query for each in asked) >= 2
    assert {each.host for each in asked} == {firm.clio.url.removeprefix("http://")}


def test_connection_is_named_where_it_is_configured(new_firm: NewFirm) -> None:
    """Maton-Connection goes with every request, and decides whose Clio is read."""
    firm = behind(new_firm(**SMALL))
    firm.connection = firm.clio.connections.add().id
    assert firm.load("users").exit_code == 0
    asked = [each for each in firm.clio.requests if each.path.startswith("/maton/")]
    assert {each.headers["maton-connection"] for each in asked} == {firm.connection}


def test_other_account_behind_the_gateway_is_refused(new_firm: NewFirm) -> None:
    """The account is pinned by what Clio says through the gateway: another's stores nothing."""
    firm = behind(new_firm(**SMALL))
    assert firm.load("users").exit_code == 0
    assert firm.query("select account_id from meta.accounts") == [("1",)]
    firm.clio.switches.other_tokens = {"others-token-1": {"user": 102, "account": 2}}
    firm.connection = firm.clio.connections.add(token="others-token-1").id
    with pytest.raises(ClioError, match="account"):
        firm.load("contacts")
    assert firm.query("from duckdb_tables() where table_name = 'contacts'") == []
    assert "contacts" not in {each.collection for each in firm.clio.requests}


def test_refused_key(new_firm: NewFirm) -> None:
    """The gateway's 401 stops the load with 3, and says which key and which command."""
    firm = behind(new_firm(**SMALL))
    firm.key = "canary-wrong-key"
    with pytest.raises(GatewayKeyError) as raised:
        firm.load("users", "contacts")
    error = raised.value
    assert (error.exit_code, error.code) == (3, "gateway_key")
    assert "MATON_API_KEY" in error.hint
    assert "clio-sync auth connections list" in error.hint
    assert "canary" not in str(error) + firm.log.getvalue()
    assert [each.status for each in firm.clio.requests] == [401]


@pytest.mark.parametrize("lost", ["none", "unknown", "refused"])
def test_no_usable_connection(new_firm: NewFirm, lost: str) -> None:
    """No connection, another one's id, or a connection that Clio refuses: 3, and what to do."""
    firm = behind(new_firm(**SMALL))
    if lost == "none":
        firm.clio.connections.known.clear()
    if lost == "unknown":
        firm.connection = "0000-unknown"
    if lost == "refused":
        firm.connection = firm.clio.connections.add(token="ended-token-1").id
    with pytest.raises(GatewayConnectionError) as raised:
        firm.load("users")
    error = raised.value
    assert (error.exit_code, error.code) == (3, "gateway_connection")
    assert "clio-sync auth connections create" in error.hint
    assert "sources.clio_manage.maton_connection" in error.hint


def test_faults_of_clio_are_met_as_without_a_gateway(new_firm: NewFirm) -> None:
    """429 with its wait and 503 are asked again, a missing scope costs one collection."""
    firm = behind(new_firm(**SMALL))
    firm.clio.faults.add(Status(429, {"Retry-After": "2"}), "contacts")
    firm.clio.faults.add(Status(503), "users")
    firm.clio.faults.add(Status(403, type="Forbidden"), "notes", times=None)
    outcome = firm.load("users", "contacts", "notes")
    assert outcome.exit_code == 4
    assert firm.differences("users", "contacts") == []
    ((name, error),) = outcome.errors
    assert (name, error.code) == ("notes", "missing_scope")
    assert "gateway's connection" in error.hint


def test_rate_headers_come_as_clio_sends_them(new_firm: NewFirm) -> None:
    """The budget is learned from Clio's headers, and If-Match and the like would pass as well."""
    firm = behind(new_firm(rate_limit=37, **SMALL))
    with open_client("clio_manage", firm.settings, SystemClock(), threading.Event()) as client:
        assert client.rate == 0
        answer = client.get(WHO_AM_I)
        assert client.rate == 37
    assert answer.headers["x-api-version"] == "4.0.13"


def test_token_of_clio_is_not_sent_to_the_gateway(new_firm: NewFirm, tmp_path: Path) -> None:
    """With a gateway no client is opened with a token, and the key opens none at Clio."""
    firm = behind(new_firm(**SMALL))
    settings = firm.settings
    given = access("clio_manage", settings, SystemClock())
    assert given.token == Secret(firm.clio.maton_key)
    assert (given.renew, given.gateway) == (None, settings.sources["clio_manage"].gateway)
    assert not list(tmp_path.rglob("tokens"))
