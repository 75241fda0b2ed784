"""Lists of the simulated Clio: fields, limits, order, paging, timestamps and filters."""

from collections.abc import Iterator

import httpx
import pendulum
import pytest

from sources.clio_simulator import SimulatedClock, Simulator
from tests.contract.simulator_client import client, ids, pages


@pytest.fixture(scope="module")
def clio() -> Iterator[Simulator]:
    """Return a simulator whose records no test here changes."""
    with Simulator(rate_limit=0, clock=SimulatedClock(running=False)) as simulator:
        yield simulator


@pytest.fixture
def http(clio: Simulator) -> Iterator[httpx.Client]:
    """Return a client."""
    with client(clio) as opened:
        yield opened


def test_without_fields_only_id_and_etag(http: httpx.Client) -> None:
    """No `fields` gives id and etag; the etag holds its own double quotes."""
    row = http.get("matters").json()["data"][0]
    assert set(row) == {"id", "etag"}
    assert row["etag"].startswith('"')
    assert row["etag"].endswith('"')


def test_without_etag_in_the_schema_only_id(http: httpx.Client) -> None:
    """Lists whose records have no etag give the id alone."""
    assert set(http.get("billable_matters").json()["data"][0]) == {"id"}


def test_nested_name_alone_gives_its_defaults(http: httpx.Client) -> None:
    """`client` without braces gives id and etag of the client."""
    row = http.get("matters", params={"fields": "client"}).json()["data"][0]
    assert set(row) == {"client"}
    assert set(row["client"]) == {"id", "etag"}


def test_second_level_may_be_named(http: httpx.Client) -> None:
    """Inside braces a further record may be named alone; it gives id and etag."""
    wanted = {"fields": "custom_field_values{id,value,custom_field}"}
    row = http.get("matters", params=wanted).json()["data"][0]
    assert set(row["custom_field_values"][0]["custom_field"]) == {"id", "etag"}


def test_braces_inside_braces_are_refused(http: httpx.Client) -> None:
    """A second level may not be opened."""
    answer = http.get("matters", params={"fields": "custom_field_values{custom_field{id}}"})
    assert answer.status_code == 400


@pytest.mark.parametrize("asked", ["nonsense", "client{nonsense}", "id,nonsense,etag"])
def test_unknown_field_is_named(http: httpx.Client, asked: str) -> None:
    """An unknown field is 400 InvalidFields, and the message names it."""
    answer = http.get("matters", params={"fields": asked})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "InvalidFields"
    assert "nonsense" in answer.json()["error"]["message"]


def test_unescaped_braces_are_accepted(clio: Simulator, http: httpx.Client) -> None:
    """Braces and commas may stand in the URL as they are."""
    answer = http.get(f"{clio.url}/api/v4/matters.json?fields=id,client{{id,name}}&limit=1")
    assert set(answer.json()["data"][0]["client"]) == {"id", "name"}


def test_path_with_and_without_json(http: httpx.Client) -> None:
    """Both writings of a path are the same list."""
    assert http.get("matters").json() == http.get("matters.json").json()


def test_limit_is_clamped_or_refused(clio: Simulator, http: httpx.Client) -> None:
    """A limit above the maximum gives the maximum, or 422 if so switched."""
    assert len(http.get("activities", params={"limit": "500"}).json()["data"]) == 200
    clio.switches.limit_above_maximum = "refuse"
    assert http.get("activities", params={"limit": "500"}).status_code == 422
    clio.switches.limit_above_maximum = "clamp"


def test_pages_ascend_and_hold_everything(clio: Simulator, http: httpx.Client) -> None:
    """Walking by token gives every record once, in order of id; the last page has no `next`."""
    found = list(pages(http, "activities", limit="77"))
    walked = [row["id"] for page in found for row in page["data"]]
    assert walked == sorted(clio.store["activities"].rows)
    assert "next" not in found[-1]["meta"]["paging"]
    assert "previous" in found[1]["meta"]["paging"]


def test_previous_leads_back(http: httpx.Client) -> None:
    """`previous` of the second page is the first page."""
    first, second = list(pages(http, "matters", limit="20"))[:2]
    assert http.get(second["meta"]["paging"]["previous"]).json()["data"] == first["data"]


def test_next_carries_every_parameter(http: httpx.Client) -> None:
    """`next` is absolute and repeats fields, filters and limit."""
    asked = {"limit": "5", "fields": "id,name", "type": "Person"}
    address = httpx.URL(http.get("contacts.json", params=asked).json()["meta"]["paging"]["next"])
    assert address.scheme == "http"
    assert {**asked, "page_token": address.params["page_token"]} == dict(address.params)


def test_foreign_token_is_refused(http: httpx.Client) -> None:
    """A token of another list, the whole `next`, or nonsense is 422 "page_token is invalid"."""
    address = http.get("matters", params={"limit": "5"}).json()["meta"]["paging"]["next"]
    token = httpx.URL(address).params["page_token"]
    for path, given in (("contacts", token), ("matters", address), ("matters", "%%%")):
        answer = http.get(path, params={"page_token": given})
        assert answer.status_code == 422
        assert answer.json()["error"] == {
            "type": "ArgumentError",
            "message": "page_token is invalid",
        }


def test_offset_has_a_ceiling(http: httpx.Client) -> None:
    """Paging by offset works in any order, and is 422 from record 10,001."""
    asked = {"offset": "10", "limit": "5", "order": "id(desc)"}
    page = http.get("matters", params=asked).json()
    assert [r["id"] for r in page["data"]] == sorted((r["id"] for r in page["data"]), reverse=True)
    assert "offset=15" in page["meta"]["paging"]["next"]
    answer = http.get("matters", params={"offset": "10000"})
    assert answer.status_code == 422
    assert answer.json()["error"]["type"] == "ArgumentError"


def test_other_orders(http: httpx.Client) -> None:
    """A list is sorted by any documented field, also of a nested record."""
    asked = {"order": "client.name(desc)", "fields": "id,client{name}"}
    names = [row["client"]["name"] for row in http.get("matters", params=asked).json()["data"]]
    assert names == sorted(names, reverse=True)


def test_communications_come_by_date_unless_asked(http: httpx.Client) -> None:
    """The default order of communications is date(asc), and is paged by offset."""
    page = http.get("communications", params={"fields": "date", "limit": "10"}).json()
    dates = [row["date"] for row in page["data"]]
    assert dates == sorted(dates)
    assert "offset" in page["meta"]["paging"]["next"]


def test_insertion_order_is_a_switch(clio: Simulator, http: httpx.Client) -> None:
    """Lists without a documented order may be paged by position, with tokens of their own."""
    clio.switches.insertion_order = True
    assert ids(http, "line_items", limit="50") == list(clio.store["line_items"].rows)
    clio.switches.insertion_order = False


def test_updated_since_is_exclusive_or_inclusive(clio: Simulator, http: httpx.Client) -> None:
    """A row stamped at the very moment is left out, or in if so switched; any offset is read."""
    row = max(http.get("matters", params={"fields": "id,updated_at"}).json()["data"], key=str)
    since = row["updated_at"]
    assert row["id"] not in ids(http, "matters", updated_since=since)
    clio.switches.updated_since_inclusive = True
    assert row["id"] in ids(http, "matters", updated_since=since)
    same = ids(http, "matters", updated_since=since.replace("Z", "+00:00"))
    assert same == ids(http, "matters", updated_since=since.replace("Z", ".000Z"))
    clio.switches.updated_since_inclusive = False
    assert http.get("matters", params={"updated_since": "soon"}).status_code == 400


def test_milliseconds_are_a_switch(clio: Simulator, http: httpx.Client) -> None:
    """Stamps are whole seconds in UTC, or have milliseconds."""
    asked = {"fields": "updated_at", "limit": "1"}
    assert len(http.get("matters", params=asked).json()["data"][0]["updated_at"]) == 20
    clio.switches.milliseconds = True
    assert len(http.get("matters", params=asked).json()["data"][0]["updated_at"]) == 24
    clio.switches.milliseconds = False


def test_ids(clio: Simulator, http: httpx.Client) -> None:
    """`ids[]` gives those records that exist."""
    some = list(clio.store["activities"].rows)[5:8]
    answer = http.get("activities", params={"ids[]": [*some, 1]})
    assert [row["id"] for row in answer.json()["data"]] == some


def test_filters_by_reference_type_and_text(clio: Simulator, http: httpx.Client) -> None:
    """The documented filters keep what they say."""
    matter = next(iter(clio.store["matters"].rows))
    kept = [r["id"] for r in clio.store["activities"].rows.values() if r["matter"] == matter]
    assert ids(http, "activities", matter_id=str(matter)) == kept
    people = {r["id"] for r in clio.store["contacts"].rows.values() if r["type"] == "Person"}
    assert set(ids(http, "contacts", type="Person")) == people
    assert ids(http, "matters", status="open,pending")
    assert not ids(http, "matters", status="nonsense")
    assert set(ids(http, "contacts", company_id="null")) <= set(clio.store["contacts"].rows)
    opened = ids(http, "matters", **{"open_date[]": ">=2999-01-01"})
    assert len(opened) == 1


@pytest.mark.parametrize("status", ["billed", "draft", "unbilled", "non_billable", "written_off"])
def test_activity_status(http: httpx.Client, status: str) -> None:
    """Each status of activities keeps some, not all; billed and draft tell by the bill."""
    asked = {"status": status, "fields": "id,billed,on_bill,non_billable"}
    rows = [row for page in pages(http, "activities", **asked) for row in page["data"]]
    assert 0 < len(rows) < 600
    if status in {"billed", "draft"}:
        assert all(row["on_bill"] and row["billed"] is (status == "billed") for row in rows)


def test_unknown_parameter_is_ignored_or_refused(clio: Simulator, http: httpx.Client) -> None:
    """An unknown filter changes nothing; in strict mode it is 400."""
    assert http.get("matters", params={"matter": "1"}).json() == http.get("matters").json() | {
        "meta": http.get("matters", params={"matter": "1"}).json()["meta"]
    }
    clio.switches.strict_parameters = True
    assert http.get("matters", params={"matter": "1"}).status_code == 400
    clio.switches.strict_parameters = False


@pytest.mark.parametrize("path", ["notes", "conversation_messages", "lauk_expense_categories"])
def test_required_parameters(http: httpx.Client, path: str) -> None:
    """A list without its required parameter is 400."""
    assert http.get(path).status_code == 400


def test_document_versions_need_the_id_twice(clio: Simulator, http: httpx.Client) -> None:
    """Versions of a document want its id in the path and in the query."""
    key = next(iter(clio.store["documents"].rows))
    assert http.get(f"documents/{key}/versions").status_code == 400
    assert http.get(f"documents/{key}/versions", params={"id": key}).json()["data"]


@pytest.mark.parametrize(
    ("path", "wider"),
    [
        ("documents", {"include_deleted": "true"}),
        ("documents", {"show_uncompleted": "true"}),
        ("folders", {"include_deleted": "true"}),
        ("bank_accounts", {"show_empty_accounts": "true"}),
        ("users", {"include_co_counsel": "true"}),
    ],
)
def test_rows_hidden_unless_asked_for(http: httpx.Client, path: str, wider: dict[str, str]) -> None:
    """Trash, unfinished uploads, empty accounts and co-counsel are shown only on request."""
    assert set(ids(http, path)) < set(ids(http, path, **wider))


@pytest.mark.parametrize(
    ("path", "name", "other"),
    [
        ("conversations", "archived", {"archived": "true"}),
        ("groups", "archived", {"archived": "true"}),
        ("custom_fields", "deleted", {"deleted": "true"}),
        ("bills", "state", {"state": "deleted"}),
        ("allocations", "status", {"status": "invalid"}),
    ],
)
def test_rows_that_only_another_list_holds(
    http: httpx.Client, path: str, name: str, other: dict[str, str]
) -> None:
    """Archived, deleted and voided rows are absent from the default list, alone in the other."""
    assert name in other
    hidden = set(ids(http, path, **other))
    assert hidden
    assert not hidden & set(ids(http, path))


def test_void_bills_are_a_switch(clio: Simulator, http: httpx.Client) -> None:
    """The default list of bills shows void ones, or not."""
    void = set(ids(http, "bills", state="void"))
    assert void <= set(ids(http, "bills"))
    clio.switches.void_bills_listed = False
    assert not void & set(ids(http, "bills"))
    clio.switches.void_bills_listed = True


def test_region_decides_the_rate(http: httpx.Client) -> None:
    """The same legal aid category has another rate in London."""
    asked = {"fields": "id,rate"}
    london = http.get("lauk_expense_categories", params={**asked, "region": "London"}).json()
    other = http.get("lauk_expense_categories", params={**asked, "region": "Non-London"}).json()
    assert [r["id"] for r in london["data"]] == [r["id"] for r in other["data"]]
    assert all(a["rate"] > b["rate"] for a, b in zip(london["data"], other["data"], strict=True))


def test_scope_of_a_folder(clio: Simulator, http: httpx.Client) -> None:
    """With `parent_id`, children are those of the folder, descendants those below it too."""
    root = next(r["parent"] for r in clio.store["folders"].rows.values() if "parent" in r)
    wide = {"include_deleted": "true", "show_uncompleted": "true", "parent_id": str(root)}
    children = ids(http, "documents", **wide)
    assert set(children) < set(ids(http, "documents", **wide, scope="descendants"))


def test_records_in_meta_is_a_switch(clio: Simulator, http: httpx.Client) -> None:
    """The number of records stands in `meta` only if switched on."""
    assert "records" not in http.get("matters").json()["meta"]
    clio.switches.records_in_meta = True
    assert http.get("matters", params={"limit": "1"}).json()["meta"]["records"] == 40
    clio.switches.records_in_meta = False


def test_redaction_is_a_switch(clio: Simulator, http: httpx.Client) -> None:
    """Hours and totals of activities can be hidden, and the row says so."""
    asked = {"fields": "quantity,total,quantity_redacted", "limit": "1"}
    clio.switches.redact_activities = True
    assert http.get("activities", params=asked).json()["data"] == [
        {"quantity": None, "total": None, "quantity_redacted": True}
    ]
    clio.switches.redact_activities = False
    assert http.get("activities", params=asked).json()["data"][0]["quantity_redacted"] is False


def test_calendar_entry_ids_are_text(http: httpx.Client) -> None:
    """Ids of calendar entries are text, also where they are nested."""
    assert isinstance(http.get("calendar_entries").json()["data"][0]["id"], str)


def test_order_may_be_ignored(clio: Simulator, http: httpx.Client) -> None:
    """A Clio that ignores `order=id(asc)` and pages by position can be had."""
    clio.switches.id_order_ignored = True
    page = http.get("matters", params={"order": "id(asc)", "limit": "10"}).json()
    walked = [row["id"] for row in page["data"]]
    assert walked == sorted(walked, reverse=True)
    assert "offset=10" in page["meta"]["paging"]["next"]
    clio.switches.id_order_ignored = False


def test_null_next_is_a_switch(clio: Simulator, http: httpx.Client) -> None:
    """The last page may say `next: null`."""
    clio.switches.nulls_in_paging = True
    assert http.get("matters").json()["meta"]["paging"] == {"next": None}
    clio.switches.nulls_in_paging = False


def test_disabled_users_are_a_switch(clio: Simulator, http: httpx.Client) -> None:
    """The list that does not name `enabled` shows both kinds, or the enabled alone."""
    disabled = set(ids(http, "users", enabled="false"))
    assert disabled < set(ids(http, "users"))
    clio.switches.disabled_users_listed = False
    assert not disabled & set(ids(http, "users"))
    clio.switches.disabled_users_listed = True


def test_documents_outside_folders_are_a_switch(clio: Simulator, http: httpx.Client) -> None:
    """`scope=children` without a parent shows everything, or what is in no folder."""
    everything = ids(http, "folders")
    clio.switches.top_level_only = True
    assert set(ids(http, "folders")) < set(everything)
    assert ids(http, "folders", scope="descendants") == everything
    clio.switches.top_level_only = False


def test_created_since(clio: Simulator, http: httpx.Client) -> None:
    """`created_since` looks at created_at, whenever the record was updated."""
    rows = clio.store["contacts"].rows.values()
    since = sorted(row["created_at"] for row in rows)[-10]
    found = ids(http, "contacts", created_since=_iso(since))
    assert len(found) == 9


def _iso(moment: int) -> str:
    return pendulum.from_timestamp(moment / 1000).to_iso8601_string()


def test_custom_field_ids_choose_values(clio: Simulator, http: httpx.Client) -> None:
    """`custom_field_ids[]` limits which custom field values come back."""
    chosen = clio.store["matters"].rows[clio.store["matters"].ids[0]]["custom_field_values"][0]
    asked = {
        "fields": "custom_field_values{custom_field}",
        "custom_field_ids[]": chosen["custom_field"],
    }
    rows = http.get("matters", params=asked).json()["data"]
    found = {v["custom_field"]["id"] for row in rows for v in row["custom_field_values"]}
    assert found == {chosen["custom_field"]}
