"""Grow's records: their link to Manage, what is hidden, single records, and v1."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sources.clio_simulator import Seed, SimulatedClock, Simulator


@pytest.fixture
def clio() -> Iterator[Simulator]:
    """Return a simulator with a standing clock."""
    with Simulator(rate_limit=0, clock=SimulatedClock(running=False)) as simulator:
        yield simulator


@pytest.fixture
def http(clio: Simulator) -> Iterator[httpx.Client]:
    """Return a client that is signed in to Grow."""
    base = f"{clio.grow_url}/"
    with httpx.Client(base_url=base, headers=clio.grow_headers, timeout=5) as opened:
        yield opened


def rows(http: httpx.Client, path: str, **asked: str) -> list[dict[str, Any]]:
    """Return a list that is no longer than a page."""
    answer = http.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    listed: list[dict[str, Any]] = answer.json()["data"]
    return listed


def linked(clio: Simulator, collection: str) -> dict[int, dict[str, Any]]:
    """Return the records that are linked to Manage, by the id that they have there."""
    return {row["clio_id"]: row for row in clio.dump(collection) if row["clio_id"] is not None}


def test_three_in_five_are_linked_to_manage(clio: Simulator) -> None:
    """`clio_id` is the id of a contact or matter of Manage, whose client is the same person."""
    contacts, matters = linked(clio, "grow.contacts"), linked(clio, "grow.matters")
    assert (len(contacts), len(matters)) == (30, 24)
    assert contacts.keys() <= clio.store["contacts"].rows.keys()
    for key, matter in matters.items():
        client = clio.store["matters"].rows[key]["client"]
        assert contacts[client]["id"] == matter["client"]["id"]
        assert {"id": matter["id"]} in contacts[client]["matters"]


def test_ids_do_not_meet(clio: Simulator) -> None:
    """No id of Grow is one of Manage's, so that a join by the wrong id finds nothing."""
    ours = {key for table in clio.grow_store.tables.values() for key in table.rows}
    theirs = {key for table in clio.store.tables.values() for key in table.rows}
    assert not ours & theirs
    assert len(ours) == sum(len(table) for table in clio.grow_store.tables.values())


def test_users_are_joined_by_their_mail(clio: Simulator) -> None:
    """Users have the e-mails of Manage's, in another case too, and one is in Grow only."""
    manage = {row["email"].lower() for row in clio.store["users"].rows.values()}
    mails = [row["email"] for row in clio.dump("grow.users")]
    assert [mail for mail in mails if mail.lower() not in manage] == ["intake@firm.example.com"]
    assert any(mail not in manage and mail.lower() in manage for mail in mails)


def test_types_and_locations_are_names(clio: Simulator, http: httpx.Client) -> None:
    """Matters name their type and location, which the lists of both know."""
    for field, path in (("type", "matter_types"), ("location", "locations")):
        names = {row["name"] for row in rows(http, path)}
        used = {row[field] for row in rows(http, "matters")}
        assert None in used
        assert used - {None} <= names


def test_custom_fields_know_those_of_manage(clio: Simulator) -> None:
    """All ten types have values; a definition's `clio_id` is a number, a value's is text."""
    for name in ("contacts", "matters"):
        values = [v for row in clio.dump(f"grow.{name}") for v in row["custom_field_values"]]
        assert len({value["field_type"] for value in values}) == 10
        for value in values:
            field = value["custom_field"]
            known = clio.store["custom_fields"].rows.get(field["clio_id"])
            assert (known is None) is (field["clio_id"] is None)
            assert ("picklist_options" in field) is (field["field_type"] == "picklist")
        assert any(value["value"] is None and value["raw_value"] for value in values)
    by_key = linked(clio, "grow.matters")
    for key, row in by_key.items():
        theirs = {v["id"] for v in clio.store["matters"].rows[key]["custom_field_values"]}
        ours = {v["clio_id"] for v in row["custom_field_values"]} - {None}
        assert ours <= theirs
    assert any(v["clio_id"] for row in by_key.values() for v in row["custom_field_values"])


def test_custom_field_values_are_absent_null_or_a_list(clio: Simulator, http: httpx.Client) -> None:
    """Not asked for: no key. Asked for: a list, perhaps empty; without the scope: null."""
    assert not any("custom_field_values" in row for row in rows(http, "contacts"))
    assert not any("custom_field_values" in row for row in rows(http, "contacts", include="x,y"))
    asked = {"include": "unknown,custom_field_values"}
    lists = [row["custom_field_values"] for row in rows(http, "contacts", **asked)]
    assert [] in lists
    assert any(lists)
    clio.switches.grow_missing_scopes = {"grow_custom_field_read"}
    for row in rows(http, "contacts", **asked):
        assert row["custom_field_values"] is None
        assert row["redacted_fields"] == ["custom_field_values"]
    assert not any("redacted_fields" in row for row in rows(http, "contacts"))
    key = rows(http, "matters")[0]["id"]
    one = http.get(f"matters/{key}", params=asked).json()["data"]
    assert one["custom_field_values"] is None


def test_leads_of_others_are_hidden_without_the_scope(clio: Simulator, http: httpx.Client) -> None:
    """Without the scope for all leads only own ones are seen, and matters hide the others."""
    own = {r["id"] for r in clio.grow_store["grow.inbox_leads"].after(-1) if r["_submitted"]}
    whole = {row["id"]: row["inbox_lead_id"] for row in rows(http, "matters")}
    foreign = next(
        row for row in rows(http, "inbox_leads", state="ignored") if row["id"] not in own
    )
    assert http.get(f"inbox_leads/{foreign['id']}").status_code == 200
    clio.switches.grow_missing_scopes = {"grow_lead_inbox_all_read"}
    listed = {
        row["id"] for s in ("untriaged", "ignored") for row in rows(http, "inbox_leads", state=s)
    }
    assert listed
    assert listed <= own
    assert http.get(f"inbox_leads/{foreign['id']}").status_code == 404
    for row in rows(http, "matters"):
        redacted = whole[row["id"]] not in own | {None}
        assert row["inbox_lead_id"] == (None if redacted else whole[row["id"]])
        assert row.get("redacted_fields", []) == (["inbox_lead_id"] if redacted else [])
    clio.switches.grow_missing_scopes = set()
    assert {row["id"]: row["inbox_lead_id"] for row in rows(http, "matters")} == whole


def test_any_field_can_be_redacted(clio: Simulator, http: httpx.Client) -> None:
    """A switch hides a field of all records, a row's own note that of one; dumps hide nothing."""
    before = rows(http, "matters")
    clio.switches.grow_redacted = {"matters.hired_date"}
    key = next(row["id"] for row in before if row["hired_date"])
    clio.changes.update("grow.matters", key, {"_redacted": ["status"]}, silent=True)
    shown = {row["id"]: row for row in rows(http, "matters")}
    assert all(row["hired_date"] is None for row in shown.values())
    assert shown[key]["status"] is None
    assert shown[key]["redacted_fields"] == ["hired_date", "status"]
    assert shown[key]["updated_at"] == next(r["updated_at"] for r in before if r["id"] == key)
    dumped = {row["id"]: row["hired_date"] for row in clio.dump("grow.matters")}
    assert dumped == {row["id"]: row["hired_date"] for row in before}
    clio.switches.grow_redacted_empty = True
    assert all(row["redacted_fields"] == [] for row in rows(http, "contacts"))


def test_surprises(clio: Simulator, http: httpx.Client) -> None:
    """By a switch some records hold keys and values that no document names."""
    clio.switches.grow_surprises = True
    contacts = rows(http, "contacts")
    odd = [row for row in contacts if "new_key" in row]
    assert 0 < len(odd) < len(contacts)
    assert {row["type"] for row in odd} == {"Trust"}
    assert any(row["category"] == "partner" for row in rows(http, "sources"))
    listed = rows(http, "inbox_leads", state="ignored")
    assert {row["state"] for row in listed} == {"ignored"}
    dumped = {row["id"]: row for row in clio.dump("grow.contacts")}
    assert all(dumped[row["id"]]["new_key"] == row["new_key"] for row in odd)
    clio.switches.grow_surprises = False
    key = odd[0]["id"]
    clio.changes.update("grow.contacts", key, {"rating": [5]})
    assert http.get(f"contacts/{key}").json()["data"]["rating"] == [5]


def test_single_record_has_its_validators(clio: Simulator, http: httpx.Client) -> None:
    """ETag and Last-Modified of a single record, sent back, give 304 until it changes."""
    for name in ("contacts", "matters", "inbox_leads", "matter_types", "locations"):
        key = min(clio.grow_store[f"grow.{name}"].rows)
        answer = http.get(f"{name}/{key}")
        tag, changed = answer.headers["ETag"], answer.headers["Last-Modified"]
        for header in ({"If-None-Match": tag}, {"If-Modified-Since": changed}):
            same = http.get(f"{name}/{key}", headers=header)
            assert (same.status_code, same.content) == (304, b"")
        clio.changes.update(f"grow.{name}", key, {"extra": "new"})
        for header in ({"If-None-Match": tag}, {"If-Modified-Since": changed}):
            assert http.get(f"{name}/{key}", headers=header).status_code == 200
    assert "ETag" not in http.get("users/who_am_i").headers
    assert "ETag" not in http.get("contacts").headers


def test_caller_is_dumped_too(clio: Simulator, http: httpx.Client) -> None:
    """The one record of `who_am_i` is a collection like any other for a dump and the log."""
    shown = http.get("users/who_am_i").json()["data"]
    assert clio.dump("grow.users_who_am_i") == [shown]
    assert clio.requests[-1].collection == "grow.users_who_am_i"


def test_what_cannot_be_had_by_id_is_404(clio: Simulator, http: httpx.Client) -> None:
    """Users, sources, actions and notes have no page of their own; unknown records neither."""
    for path in ("users/90101", "sources/91001", "custom_actions/94001", "notes", "contacts/1"):
        answer = http.get(path)
        assert answer.status_code == 404
        assert set(answer.json()["error"]) == {"status", "message"}


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_records_cannot_be_changed(clio: Simulator, http: httpx.Client, method: str) -> None:
    """Methods that no path has are 404, by a switch 405."""
    key = min(clio.grow_store["grow.contacts"].rows)
    assert http.request(method, f"contacts/{key}").status_code == 404
    clio.switches.grow_unknown_method = 405
    assert http.request(method, f"contacts/{key}").status_code == 405
    assert http.request(method, "nothing").status_code == 404


def test_early_access_answers_bare(clio: Simulator, http: httpx.Client) -> None:
    """In v1 a single record is bare, a list has no meta, and newer fields and lists are absent."""
    clio.switches.grow_version = "v1"
    listed = http.get("matters", params={"include": "custom_field_values"}).json()
    assert set(listed) == {"data"}
    assert not {"global_id", "client", "custom_field_values"} & set(listed["data"][0])
    assert "address" not in listed["data"][0]["primary_contact"]
    assert http.get(f"matters/{listed['data'][0]['id']}").json() == listed["data"][0]
    assert http.get("users/who_am_i").json()["id"] == 90_101
    assert http.get("sources").status_code == 404
    clio.switches.grow_v1_meta = True
    assert http.get("matters").json()["meta"] == {"paging": {}}


def test_sizes_can_be_given() -> None:
    """Scale multiplies, and a number given overrides it."""
    store = Simulator(Seed(scale=0.5, grow_matters=7, grow_notes=0)).grow_store
    sizes = {name.removeprefix("grow."): len(table) for name, table in store.tables.items()}
    assert (sizes["contacts"], sizes["matters"]) == (25, 7)
    assert (sizes["contact_notes"], sizes["matter_notes"]) == (0, 0)


def test_same_seed_same_records(clio: Simulator) -> None:
    """A seed gives the same records each time, another seed others."""
    names = list(clio.grow_store.tables)
    here = [clio.dump(name) for name in names]
    assert [Simulator(7).dump(name) for name in names] == here
    assert [Simulator(8).dump(name) for name in names] != here


def test_stamps_lie_before_the_firm_s_today(clio: Simulator) -> None:
    """No record was made or changed in the future of the clock."""
    for table in clio.grow_store.tables.values():
        for row in table.after(-1):
            assert row["created_at"] <= row["updated_at"] <= clio.clock.now()


def test_texts_are_awkward_somewhere(clio: Simulator) -> None:
    """Names and notes hold other scripts, line ends, markup and formulas."""
    texts = "\n".join(
        str(value)
        for name in ("grow.contacts", "grow.contact_notes", "grow.matters", "grow.inbox_leads")
        for row in clio.dump(name)
        for value in row.values()
    )
    for piece in ("李小龙", "=1+1", "<script>", "שלום", "🌊"):
        assert piece in texts
