"""A load of Clio Grow ends equal to the server, or stops with the right exit code and sentence."""

from typing import Any

import pytest

from pipelines.load.command import run_load
from sources.clio_http.clock import SystemClock
from sources.clio_http.secret import Secret
from sources.clio_simulator.faults import Status
from tests.system.firm import chosen
from tests.system.grow_firm import GROW, RAW, GrowFirm, NewGrow, codes

pytestmark = pytest.mark.long

LISTS = sorted(set(GROW.loaded) - {"users_who_am_i"})
SCOPED = sorted((c.scope, name) for name, c in GROW.loaded.items() if c.scope)
CHANGING = ("contacts", "inbox_leads", "matters", "sources")


def change(firm: GrowFirm) -> None:
    """Let the firm work for a while."""
    firm.clio.clock.advance(3600)
    changes, store = firm.clio.changes, firm.clio.grow_store
    first = {name: min(store[f"grow.{name}"].rows) for name in ("contacts", "matters", "sources")}
    changes.update("grow.contacts", first["contacts"], {"status": "Hired", "clio_id": 4711})
    changes.update("grow.matters", first["matters"], {"status": "In a corner", "clio_id": 4712})
    changes.update("grow.sources", first["sources"], {"name": "Billboard"})
    leads = store["grow.inbox_leads"].rows.values()
    lead = next(row for row in leads if row["state"] == "untriaged")
    changes.update("grow.inbox_leads", lead["id"], {"state": "ignored"})
    changes.add("grow.contacts", {"name": "New", "type": "Person", "emails": ["new@example.com"]})


def test_every_collection_equals_the_server(new_grow: NewGrow) -> None:
    """Every row and column is what the server has, and nothing else is there."""
    firm = new_grow()
    assert codes(firm) == (0, [])
    assert firm.differences(*LISTS) == []
    assert all(firm.served(name) for name in LISTS)
    (me,) = firm.stored("users_who_am_i").values()
    assert me["account__firm_name"]


def test_only_what_is_documented_is_asked(new_grow: NewGrow) -> None:
    """No fields, limit, order or suffix; the version is named; the token goes nowhere else."""
    firm = new_grow()
    codes(firm)
    change(firm)
    codes(firm)
    for asked in firm.clio.requests:
        assert set(asked.given) <= {"include", "state", "updated_since", "page_token"}, asked
        assert not asked.path.endswith(".json")
        assert asked.headers["x-api-version"]
    assert firm.statuses() == {200}


def test_second_load_asks_for_changes_alone(new_grow: NewGrow) -> None:
    """One request for each list, two for leads; lists that hardly change wait for tomorrow."""
    firm = new_grow(grow={"rolling_slice": 0})
    codes(firm)
    before = len(firm.clio.requests)
    change(firm)
    outcome = firm.load()
    assert {row["resource"]: row["mode"] for row in outcome.results if row["requests"]} == {
        "contacts": "incremental",
        "inbox_leads": "incremental",
        "matters": "incremental",
        "users": "incremental",
        "contact_notes": "child",
        "matter_notes": "child",
    }
    changed = {row["resource"]: (row["inserted"], row["updated"]) for row in outcome.results}
    assert (changed["contacts"], changed["matters"]) == ((1, 1), (0, 1))
    assert len(firm.clio.requests) - before == 1 + 5 + 2 + 1  # two contacts' notes, one matter's
    assert firm.differences("contacts", "matters", "inbox_leads", "users") == []
    assert codes(firm, every=True) == (0, [])
    assert firm.differences("sources") == []


SWITCHES: dict[str, dict[str, Any]] = {
    "next on v2": {"grow_next_base": "server_plus_v2"},
    "next on the grow host": {"grow_next_base": "grow_host_api_v2"},
    "filters in the token": {"grow_next_filters": "token"},
    "filters lost": {"grow_next_filters": "lost"},
    "next is null": {"grow_nulls_in_paging": True},
    "errors with codes": {"grow_error_status": "code"},
    "redacted_fields empty": {"grow_redacted_empty": True},
    "leads without types": {"grow_lead_rollout": False},
    "accepted leads shown": {"grow_accepted_lead": "shown"},
    "surprises": {"grow_surprises": True},
    "conversion without a stamp": {"grow_convert_moves_updated_at": False},
    "notes move their parent": {"grow_note_moves_parent": True},
    "since is exclusive": {"grow_since_inclusive": False},
}
SHOWN_OTHERWISE = {"redacted_fields empty", "leads without types", "surprises"}


@pytest.mark.parametrize("switches", SWITCHES.values(), ids=SWITCHES)
def test_a_load_with_a_switch_thrown(
    new_grow: NewGrow, switches: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    """Several pages of each list, a change, another load: equal to the server."""
    firm = new_grow(grow_page_size=6, **switches)
    assert codes(firm, *CHANGING) == (0, [])
    change(firm)
    assert codes(firm, *CHANGING) == (0, [])
    if request.node.callspec.id in SHOWN_OTHERWISE:
        firm.clio.switches.grow_surprises = firm.clio.switches.grow_redacted_empty = False
        firm.clio.switches.grow_lead_rollout = True
        assert codes(firm, *CHANGING, full=True) == (0, [])
    assert firm.differences(*CHANGING) == []
    assert {asked.host for asked in firm.clio.requests} == {firm.clio.url.removeprefix("http://")}


def test_unknown_keys_and_values_are_kept(new_grow: NewGrow) -> None:
    """A key that nobody documented is in `_extra` and in `meta.drift`; a new value is a value."""
    firm = new_grow(grow_surprises=True)
    assert codes(firm) == (0, [])
    third = [row for (key,), row in firm.stored("contacts").items() if key % 3 == 0]
    assert third
    assert all(row["_extra"] == {"new_key": {"since": [row["id"]]}} for row in third)
    assert {row["type"] for row in third} == {"Trust"}
    drift = firm.query("select resource, field from meta.drift where kind = 'new' order by all")
    assert ("contacts", "new_key") in drift
    assert codes(firm, every=True)[0] == 0
    assert firm.query(f"select count(*) from {RAW}.contacts__versions") == [(0,)]


def test_conversion_fills_in_the_id_of_manage(new_grow: NewGrow) -> None:
    """A `clio_id` that appears between two loads, also without a stamp once a sweep has passed."""
    firm = new_grow(grow_convert_moves_updated_at=False)
    codes(firm)
    lone = next(row for row in firm.clio.dump("grow.contacts") if not row["clio_id"])
    firm.clio.changes.update("grow.contacts", lone["id"], {"clio_id": 99}, silent=True)
    codes(firm)
    assert firm.stored("contacts")[lone["id"],]["clio_id"] is None
    assert firm.sweep("contacts").exit_code == 0
    assert firm.stored("contacts")[lone["id"],]["clio_id"] == 99


@pytest.mark.parametrize("shown", ["silent", "stamped", "kept"])
def test_a_matter_type_that_is_renamed(new_grow: NewGrow, shown: str) -> None:
    """Matters hold its name: a load finds the new one by their stamp, a sweep always."""
    firm = new_grow(grow_rename=shown)
    names = ("matters", "matter_types")
    codes(firm, *names)
    held = {row["type"] for row in firm.clio.dump("grow.matters")}
    kind = next(row for row in firm.clio.dump("grow.matter_types") if row["name"] in held)
    firm.clio.clock.advance(3600)
    firm.clio.changes.rename_matter_type(kind["id"], "Renamed")
    assert codes(firm, *names) == (0, [])
    assert firm.differences("matter_types") == []
    assert (firm.differences("matters") == []) is (shown != "silent")
    assert firm.sweep("matters").exit_code == 0
    assert firm.differences("matters") == []


def test_from_the_inbox_to_manage(new_grow: NewGrow) -> None:
    """A lead is accepted, its matter gets a note and goes to Manage; every step is loaded."""
    firm = new_grow(grow={"rolling_slice": 0})
    codes(firm)
    lead = next(row for row in firm.clio.dump("grow.inbox_leads") if row["state"] == "untriaged")
    firm.clio.clock.advance(3600)
    matter = firm.clio.changes.accept_lead(lead["id"])["id"]
    assert codes(firm) == (0, [])
    assert firm.stored("matters")[matter,]["inbox_lead_id"] == lead["id"]
    assert firm.stored("inbox_leads")[lead["id"],]["state"] == "untriaged"
    firm.clio.clock.advance(3600)
    firm.clio.changes.add_note("grow.matters", matter, {"subject": "Called", "body": "Twice"})
    firm.clio.changes.convert(matter)
    assert codes(firm) == (0, [])
    assert firm.stored("matters")[matter,]["clio_id"]
    assert firm.differences("contacts", "matters", "contact_notes", "matter_notes") == []


# What is refused...


@pytest.mark.parametrize("answer", ["forbidden", "redirect"])
def test_a_missing_scope_costs_its_collection_alone(new_grow: NewGrow, answer: str) -> None:
    """It is reported with the scope's name, the others are loaded, exit 4; then it is loaded."""
    firm = new_grow(grow_missing_scope_answer=answer, grow_contacts=5, grow_matters=3)
    firm.clio.switches.grow_missing_scopes = {scope for scope, _ in SCOPED}
    exit_code, errors = codes(firm)
    lists = {name for _, name in SCOPED if not GROW.loaded[name].parent}
    assert exit_code == 4
    assert {text.split(":")[0] for text in errors} == lists
    assert firm.differences("sources") == []
    firm.clio.switches.grow_missing_scopes.clear()
    assert codes(firm, *sorted(lists)) == (0, [])
    for scope, name in SCOPED:
        firm.clio.switches.grow_missing_scopes = {scope}
        exit_code, errors = codes(firm, name, "sources")
        assert exit_code == 4, errors
        assert [text.split(":")[0] for text in errors] == [name]
        assert scope.removeprefix("grow_") in errors[0]
    firm.clio.switches.grow_missing_scopes.clear()
    firm.clio.clock.advance(90_000)  # lists that failed are asked for again after a while
    assert codes(firm, every=True) == (0, [])
    assert firm.differences(*LISTS) == []


@pytest.mark.parametrize("answer", ["forbidden", "redirect"])
def test_a_missing_scope_leaves_all_others(new_grow: NewGrow, answer: str) -> None:
    """Of a whole load one collection may not be read: all others are equal to the server."""
    firm = new_grow(grow_missing_scope_answer=answer, grow_contacts=5, grow_matters=3)
    firm.clio.switches.grow_missing_scopes = {"grow_matter_read"}
    exit_code, (error,) = codes(firm)
    assert exit_code == 4
    assert error.startswith("matters: ")
    assert "matter_read" in error
    assert (
        firm.differences(*(name for name in LISTS if name not in {"matters", "matter_notes"})) == []
    )
    assert firm.stored("matters") == firm.stored("matter_notes") == {}


def test_sources_have_a_scope_that_nobody_knows(new_grow: NewGrow) -> None:
    """Clio's list names none: the collection is reported without one."""
    firm = new_grow(grow_missing_scope_answer="redirect", grow_missing_scopes={"grow_source_read"})
    exit_code, (error,) = codes(firm)
    assert exit_code == 4
    assert error.startswith("sources: GET /sources was answered with 302")


@pytest.mark.parametrize("body", ["message", "error"])
@pytest.mark.parametrize("retry_after", [True, False])
def test_refusals_for_too_many_requests_are_waited_out(
    new_grow: NewGrow, body: str, *, retry_after: bool
) -> None:
    """Either body, with or without Retry-After; the load ends equal to the server."""
    firm = new_grow(grow_429_body=body, grow_retry_after=retry_after)
    names = ("contacts", "matters", "users")
    for name in names:
        firm.clio.faults.add(Status(429), f"grow/{name}", times=2)
    assert codes(firm, *names) == (0, [])
    assert firm.differences(*names) == []
    assert [asked.status for asked in firm.asked("contacts")] == [429, 429, 200]


@pytest.mark.parametrize("sliding", [True, False])
def test_the_pace_is_kept_against_a_clio_that_counts(new_grow: NewGrow, *, sliding: bool) -> None:
    """With three requests a second allowed, whatever window it counts by, none is refused."""
    firm = new_grow(grow_contacts=6, grow_matters=3, rate_limit=50, grow_rate_sliding=sliding)
    assert codes(firm, clock=SystemClock()) == (0, [])
    assert firm.statuses() == {200}


def test_a_timeout_of_the_gateway_is_never_no_data(new_grow: NewGrow) -> None:
    """A 504 in an unfiltered walk: exit 4, what was read is stored, and the next load goes on."""
    firm = new_grow(grow_page_size=6, grow_timeouts={"contacts": 3})
    exit_code, (error,) = codes(firm, "contacts")
    assert exit_code == 4
    assert "504" in error
    assert len(firm.stored("contacts")) == 12
    assert firm.watermark("contacts") is None
    firm.clio.switches.grow_timeouts.clear()
    assert codes(firm, "contacts") == (0, [])
    assert firm.differences("contacts") == []


@pytest.mark.parametrize("version", ["v2", "v1"])
def test_another_accounts_token_is_refused(new_grow: NewGrow, version: str) -> None:
    """Before anything is stored, also where the answer that tells the account is a bare record."""
    other = {"other": {"user": 90_102, "account": 2}}
    firm = new_grow(
        grow={"api_version": version}, grow_version=version, grow_other_tokens=other, grow_notes=0
    )
    codes(firm, "users")
    firm.grow["access_token"] = Secret("other")
    with pytest.raises(Exception, match="account 2"):
        firm.load()


# Early access...

EARLY = sorted(set(LISTS) - {"locations", "matter_types", "sources"})


def test_early_access_loads_what_it_has(new_grow: NewGrow) -> None:
    """Bare records, fewer fields and lists, no `meta`; what v1 lacks is no column and no error."""
    firm = new_grow(grow={"api_version": "v1"}, grow_version="v1")
    assert codes(firm) == (0, [])
    assert firm.differences(*EARLY) == []
    assert firm.statuses() == {200}
    assert all("include" not in asked.given for asked in firm.clio.requests)


def test_early_access_and_a_list_that_may_have_more(new_grow: NewGrow) -> None:
    """A full page that does not say what follows ends its walk; the others are loaded."""
    firm = new_grow(grow={"api_version": "v1"}, grow_version="v1", grow_contacts=200, grow_notes=0)
    exit_code, errors = codes(firm, "contacts", "matters")
    assert exit_code == 4
    assert errors == [
        "contacts: page 1 of /contacts is full and does not say what follows",
    ]


def test_from_early_access_to_the_current_version(new_grow: NewGrow) -> None:
    """The new columns are filled by a walk in full."""
    firm = new_grow(grow={"api_version": "v1"}, grow_version="v1")
    codes(firm)
    firm.grow["api_version"] = "v2"
    firm.clio.switches.grow_version = "v2"
    assert codes(firm, every=True) == (0, [])
    assert firm.differences(*LISTS) == []


# Both products...


def test_both_products_are_loaded_where_both_are_set_up(new_grow: NewGrow) -> None:
    """Without a name; records of the two are joined by the id of Manage."""
    firm = new_grow(manage=True)
    outcome = run_load(firm.context(), [], chosen("contacts", "matters"))
    assert outcome.exit_code == 0, outcome.errors
    assert {row["source"] for row in outcome.results} == {"clio_manage", "clio_grow"}
    ((joined,),) = firm.query(
        f"select count(*) from {RAW}.contacts g join raw_clio_manage.contacts m on m.id = g.clio_id"
    )
    assert joined > 0


def test_one_product_without_a_token_is_noted(new_grow: NewGrow) -> None:
    """The other is loaded, exit 0."""
    firm = new_grow()
    outcome = run_load(firm.context(), [], chosen("locations"))
    assert outcome.exit_code == 0, outcome.errors
    assert "clio_manage is not read" in firm.log.getvalue()


def test_one_product_that_is_refused_does_not_stop_the_other(new_grow: NewGrow) -> None:
    """A token of Manage that Clio does not take: exit 3, and Grow is loaded."""
    firm = new_grow(manage=True)
    firm.options["access_token"] = Secret("wrong")
    outcome = run_load(firm.context(), [], chosen("matters"))
    assert outcome.exit_code == 3
    assert firm.differences("matters") == []


def test_keyring_that_cannot_be_used_does_not_stop_the_other(new_grow: NewGrow) -> None:
    """Manage is to be signed in to, and this machine has no keyring: exit 3, and Grow is loaded."""
    firm = new_grow()
    firm.options["client_id"] = "key"
    outcome = run_load(firm.context(), [], chosen("users"))
    assert [(name, error.code) for name, error in outcome.errors] == [
        ("clio_manage", "token_store")
    ]
    assert outcome.exit_code == 3
    assert firm.differences("users") == []
