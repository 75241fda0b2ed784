"""Records that change while they are read, in this process and over HTTP."""

from collections.abc import Iterator

import httpx
import pytest

from sources.clio_simulator import Change, SimulatedClock, Simulator, When
from sources.clio_simulator.changes import Operation
from tests.contract.simulator_client import client, ids, pages


@pytest.fixture
def clio() -> Iterator[Simulator]:
    """Return a simulator with a standing clock."""
    with Simulator(rate_limit=0, clock=SimulatedClock(running=False)) as simulator:
        yield simulator


@pytest.fixture
def http(clio: Simulator) -> Iterator[httpx.Client]:
    """Return a client."""
    with client(clio) as opened:
        yield opened


def one(
    http: httpx.Client, key: int, fields: str = "id,etag,updated_at,description"
) -> dict[str, object]:
    """Read one matter."""
    row: dict[str, object] = http.get(f"matters/{key}", params={"fields": fields}).json()["data"]
    return row


def first(clio: Simulator, collection: str = "matters") -> int:
    """Return the first id of a collection."""
    return next(iter(clio.store[collection].rows))


def test_update_moves_stamp_and_etag(clio: Simulator, http: httpx.Client) -> None:
    """An update shows in the list, with the clock's time in whole seconds and another etag."""
    key = first(clio)
    before = one(http, key)
    clio.clock.advance(1.5)
    clio.changes.update("matters", key, {"description": "new"})
    after = one(http, key)
    assert after["description"] == "new"
    assert after["updated_at"] == "2026-03-31T12:00:01Z"
    assert after["etag"] != before["etag"]
    assert ids(http, "matters", updated_since="2026-03-31T12:00:00Z") == [key]


@pytest.mark.parametrize("keep_etag", [False, True])
def test_silent_update(clio: Simulator, http: httpx.Client, *, keep_etag: bool) -> None:
    """A silent update leaves updated_at, and the etag if so asked."""
    key = first(clio)
    before = one(http, key)
    clio.changes.update("matters", key, {"description": "new"}, silent=True, keep_etag=keep_etag)
    after = one(http, key)
    assert after["description"] == "new"
    assert after["updated_at"] == before["updated_at"]
    assert (after["etag"] == before["etag"]) is keep_etag


def test_add_and_remove(clio: Simulator, http: httpx.Client) -> None:
    """A new record gets the next id; a removed one is absent and 404."""
    new = clio.changes.add("matters", {"display_number": "new", "description": "x"})["id"]
    assert ids(http, "matters")[-1] == new
    clio.changes.remove("matters", new)
    assert new not in ids(http, "matters")
    assert http.get(f"matters/{new}").status_code == 404


def test_removed_record_comes_back(clio: Simulator, http: httpx.Client) -> None:
    """An undeleted record has its id and content again, and a new stamp and etag."""
    key, whole = first(clio), "id,description,client{name},custom_field_values{value}"
    before, content = one(http, key), one(http, key, whole)
    clio.changes.remove("matters", key)
    assert http.get(f"matters/{key}").status_code == 404
    clio.changes.undelete("matters", key)
    after = one(http, key)
    assert one(http, key, whole) == content
    assert ids(http, "matters")[0] == key
    assert after["updated_at"] == "2026-03-31T12:00:00Z"
    assert after["etag"] != before["etag"]


def test_removed_record_comes_back_silently(clio: Simulator, http: httpx.Client) -> None:
    """Undeleted silently, as out of a backup, nothing shows that a record was ever away."""
    key = first(clio)
    before = clio.dump("matters")
    clio.changes.remove("matters", key)
    clio.changes.undelete("matters", key, silent=True)
    assert clio.dump("matters") == before
    assert ids(http, "matters", updated_since="2026-03-31T00:00:00Z") == []


def test_undelete_at_a_moment(clio: Simulator, http: httpx.Client) -> None:
    """A record can come back between two pages, and what is not away cannot come back."""
    key = ids(http, "matters")[-1]
    clio.changes.remove("matters", key)
    clio.changes.undelete("matters", key, when=When.before("matters", 2))
    assert key in ids(http, "matters", limit="10")
    with pytest.raises(KeyError):
        clio.changes.undelete("matters", key)


def test_removing_leaves_what_points_at_the_record(clio: Simulator, http: httpx.Client) -> None:
    """Work of a removed matter stays, with an id that leads nowhere; its own paths are 404."""
    work = next(iter(clio.store["activities"].rows.values()))
    matter, asked = work["matter"], {"fields": "etag,matter{id,display_number}"}
    before = http.get(f"activities/{work['id']}", params=asked).json()["data"]
    clio.changes.remove("matters", matter)
    after = http.get(f"activities/{work['id']}", params=asked).json()["data"]
    assert after == {"etag": before["etag"], "matter": {"id": matter, "display_number": None}}
    assert http.get(f"matters/{matter}/contacts").status_code == 404
    clio.changes.undelete("matters", matter, silent=True)
    assert http.get(f"activities/{work['id']}", params=asked).json()["data"] == before
    assert http.get(f"matters/{matter}/contacts").status_code == 200


def test_versions_of_a_removed_document(clio: Simulator, http: httpx.Client) -> None:
    """A document's versions are out of reach without it, in its list and in the dump."""
    document = first(clio, "documents")
    versions = clio.dump("document_versions")
    clio.changes.remove("documents", document)
    assert http.get(f"documents/{document}/versions", params={"id": "1"}).status_code == 404
    left = [row for row in versions if row["document_id"] != document]
    assert clio.dump("document_versions") == left != versions


@pytest.mark.parametrize("operation", ["hide", "remove"])
def test_every_list_bears_a_loss(clio: Simulator, operation: Operation) -> None:
    """When every collection has lost a record, every list can still be read."""
    for name, table in clio.store.tables.items():
        if table.rows:
            clio.changes.do(Change(operation, name, first(clio, name)))
    for name, collection in clio.world.catalog.collections.items():
        if "{" not in collection.path:
            assert clio.dump(name), name


def test_hide_and_restore(clio: Simulator, http: httpx.Client) -> None:
    """A hidden record is as absent as a removed one, and comes back unchanged."""
    key = first(clio)
    before = one(http, key)
    clio.changes.hide("matters", key)
    assert key not in ids(http, "matters")
    assert http.get(f"matters/{key}").status_code == 404
    clio.changes.restore("matters", key)
    assert one(http, key) == before


def test_visible_late(clio: Simulator, http: httpx.Client) -> None:
    """A change is seen some time after its stamp."""
    key = first(clio)
    clio.changes.update("matters", key, {"description": "late"}, visible_after=600)
    clio.clock.advance(599)
    assert one(http, key)["description"] != "late"
    clio.clock.advance(1)
    assert one(http, key)["description"] == "late"
    assert one(http, key)["updated_at"] == "2026-03-31T12:00:00Z"


def test_removed_late(clio: Simulator, http: httpx.Client) -> None:
    """A removal is seen some time after it happened."""
    key = first(clio)
    clio.changes.remove("matters", key, visible_after=60)
    assert key in ids(http, "matters")
    clio.clock.advance(60)
    assert key not in ids(http, "matters")


def test_edit_inside_a_record_seen_late(clio: Simulator, http: httpx.Client) -> None:
    """An edit of a phone number is seen some time after its stamp."""
    key = next(k for k, row in clio.store["contacts"].rows.items() if row.get("phone_numbers"))
    child = clio.store["contacts"].rows[key]["phone_numbers"][0]["id"]
    edit = ("contacts", key, "phone_numbers", child, {"number": "1"})
    clio.changes.update_inside(*edit, visible_after=60)
    asked = {"fields": "updated_at,phone_numbers{number,updated_at}"}
    before = http.get(f"contacts/{key}", params=asked).json()["data"]
    assert before["phone_numbers"][0]["number"] != "1"
    clio.clock.advance(60)
    after = http.get(f"contacts/{key}", params=asked).json()["data"]
    stamp = "2026-03-31T12:00:00Z"
    assert after["updated_at"] == stamp
    assert after["phone_numbers"][0] == {"number": "1", "updated_at": stamp}


def test_late_at_a_moment(clio: Simulator, http: httpx.Client) -> None:
    """A change at a moment, seen late, is stamped with the moment, and all at once if overdue."""
    key, at = first(clio), When.time("2026-03-31T12:10:00Z")
    clio.changes.update("matters", key, {"description": "late"}, visible_after=600, when=at)
    clio.clock.advance(1200 - 1)
    assert one(http, key)["description"] != "late"
    clio.clock.advance(1)
    assert one(http, key)["updated_at"] == "2026-03-31T12:10:00Z"
    again = When.time("2026-03-31T12:30:00Z")
    clio.changes.update("matters", key, {"description": "b"}, visible_after=600, when=again)
    clio.clock.advance(7200)
    assert one(http, key)["updated_at"] == "2026-03-31T12:30:00Z"


def test_dump_is_what_a_walk_finds_now(clio: Simulator, http: httpx.Client) -> None:
    """A dump holds what is due by now, leaves out what is hidden, and is the same over HTTP."""
    gone, hidden, late, *_ = clio.store["matters"].rows
    clio.changes.remove("matters", gone, visible_after=60)
    clio.changes.update("matters", late, {"description": "late"}, visible_after=60)
    clio.changes.hide("matters", hidden)
    clio.clock.advance(60)
    rows = clio.dump("matters")
    assert not {gone, hidden} & {row["id"] for row in rows}
    assert rows[0]["description"] == "late"
    assert http.get(f"{clio.url}/_simulator/records/matters").json()["data"] == rows
    assert [row["id"] for row in rows] == ids(http, "matters")


def test_at_a_moment(clio: Simulator, http: httpx.Client) -> None:
    """A change happens when the clock has reached its moment, and is stamped with it."""
    key = first(clio)
    clio.changes.update(
        "matters", key, {"description": "then"}, when=When.time("2026-03-31T13:00:00Z")
    )
    assert one(http, key)["description"] != "then"
    clio.clock.advance(7200)
    assert one(http, key)["updated_at"] == "2026-03-31T13:00:00Z"


def test_before_and_after_a_page(clio: Simulator, http: httpx.Client) -> None:
    """Changes happen between pages: behind the cursor, ahead of it, and at the end."""
    keys = list(clio.store["matters"].rows)
    clio.changes.update(
        "matters", keys[0], {"description": "behind"}, when=When.before("matters", 2)
    )
    clio.changes.update(
        "matters", keys[-1], {"description": "ahead"}, when=When.after("matters", 1)
    )
    clio.changes.add("matters", {"description": "inserted"}, when=When.before("matters", 3))
    found = [page["data"] for page in pages(http, "matters", limit="10", fields="id,description")]
    rows = {row["id"]: row["description"] for page in found for row in page}
    assert rows[keys[0]] != "behind"
    assert rows[keys[-1]] == "ahead"
    assert "inserted" in rows.values()


def test_no_row_is_skipped_when_another_is_removed(clio: Simulator, http: httpx.Client) -> None:
    """Removing behind or ahead of the cursor skips no other record."""
    keys = list(clio.store["matters"].rows)
    clio.changes.remove("matters", keys[3], when=When.before("matters", 2))
    clio.changes.remove("matters", keys[25], when=When.before("matters", 2))
    walked = ids(http, "matters", limit="10")
    assert walked == [key for key in keys if key != keys[25]]


def test_filters_are_read_anew_at_each_page(clio: Simulator, http: httpx.Client) -> None:
    """A record that stops matching before its page is not given."""
    keys = ids(http, "matters", status="open", limit="10")
    clio.changes.update("matters", keys[15], {"status": "Closed"}, when=When.before("matters", 2))
    assert ids(http, "matters", status="open", limit="10") == keys[:15] + keys[16:]


def test_edit_inside_a_record(clio: Simulator, http: httpx.Client) -> None:
    """An edit of a phone number moves the contact, or not, by relation."""
    key = next(k for k, row in clio.store["contacts"].rows.items() if row.get("phone_numbers"))
    child = clio.store["contacts"].rows[key]["phone_numbers"][0]["id"]
    asked = {"fields": "etag,updated_at,phone_numbers{number}"}
    before = http.get(f"contacts/{key}", params=asked).json()["data"]
    clio.switches.silent_relations.add("contacts.phone_numbers")
    clio.changes.update_inside("contacts", key, "phone_numbers", child, {"number": "1"})
    silent = http.get(f"contacts/{key}", params=asked).json()["data"]
    assert silent["phone_numbers"][0]["number"] == "1"
    assert (silent["etag"], silent["updated_at"]) == (before["etag"], before["updated_at"])
    clio.switches.silent_relations.clear()
    clio.changes.update_inside("contacts", key, "phone_numbers", child, {"number": "2"})
    moved = http.get(f"contacts/{key}", params=asked).json()["data"]
    assert moved["etag"] != before["etag"]
    assert moved["updated_at"] == "2026-03-31T12:00:00Z"


def test_nested_copies_follow(clio: Simulator, http: httpx.Client) -> None:
    """A client's new name shows inside the matter, which itself has not changed."""
    row = clio.store["matters"].rows[first(clio)]
    asked = {"fields": "etag,client{name}"}
    before = http.get(f"matters/{row['id']}", params=asked).json()["data"]
    clio.changes.update("contacts", row["client"], {"name": "Another name"})
    after = http.get(f"matters/{row['id']}", params=asked).json()["data"]
    assert after == {"etag": before["etag"], "client": {"name": "Another name"}}


def test_derived_amounts_follow(clio: Simulator, http: httpx.Client) -> None:
    """A new bank transaction moves the balance of its account and matter, not their stamps."""
    asked = {"fields": "id,balance,updated_at", "show_empty_accounts": "true"}
    before = http.get("bank_accounts", params=asked).json()["data"][0]
    matter = first(clio)
    client_id = clio.store["matters"].rows[matter]["client"]
    moved = {"bank_account": before["id"], "matter": matter, "client": client_id, "funds_in": 0.1}
    clio.changes.add("bank_transactions", moved)
    after = http.get("bank_accounts", params=asked).json()["data"][0]
    assert round(after["balance"] * 100) == round(before["balance"] * 100) + 10
    assert after["updated_at"] == before["updated_at"]


def test_control_over_http(clio: Simulator, http: httpx.Client) -> None:
    """Changes, faults, switches, clock, log and records are reached over HTTP too."""
    base, key = f"{clio.url}/_simulator", first(clio)
    change = {"operation": "update", "collection": "matters", "id": key}
    http.post(f"{base}/changes", json={**change, "fields": {"description": {"$raw": "1e400"}}})
    assert (
        b'"description":1e400'
        in http.get(f"matters/{key}", params={"fields": "description"}).content
    )
    http.post(f"{base}/changes", json={**change, "fields": {"description": "plain"}})
    rows = http.get(f"{base}/records/matters").json()["data"]
    assert rows[0]["description"] == "plain"
    assert rows[0]["client"]["name"] is not None
    later = {"side": "before", "collection": "matters", "page": 1}
    answer = http.post(
        f"{base}/changes",
        json={"operation": "remove", "collection": "matters", "id": key, "when": later},
    )
    assert answer.json()["waits"] is True
    assert key not in ids(http, "matters")
    http.post(
        f"{base}/faults",
        json={"action": "Status", "with": {"status": 502}, "path": "matters", "times": 1},
    )
    assert http.get("matters").status_code == 502
    http.delete(f"{base}/faults")
    http.patch(f"{base}/clock", json={"advance": 60})
    assert http.get(f"{base}/clock").json()["data"]["now"].startswith("2026-03-31T12:01")
    http.patch(f"{base}/switches", json={"tokens": ["other"]})
    assert http.get("matters").status_code == 401
    assert http.get(f"{base}/requests").json()["data"][-1]["status"] == 401
    assert http.get(f"{base}/records/nonsense").status_code == 404


def test_changes_over_http(clio: Simulator, http: httpx.Client) -> None:
    """Every operation is reached over HTTP; one that cannot be done is 400, also in advance."""
    matter, contact = first(clio), clio.store["matters"].rows[first(clio)]["client"]
    other = next(key for key in clio.store["contacts"].rows if key != contact)

    def change(**body: object) -> httpx.Response:
        return http.post(f"{clio.url}/_simulator/changes", json=body)

    change(operation="remove", collection="matters", id=matter)
    assert change(operation="undelete", collection="matters", id=matter).json()["id"] == matter
    merged = change(operation="merge", collection="contacts", id=other, loser=contact).json()
    assert merged == {"id": other, "ids": [], "waits": False}
    assert one(http, matter, "client{id}")["client"] == {"id": other}
    lost = change(operation="lose", collection="matters", share=0.4, seed=3).json()["ids"]
    assert len(lost) == 16
    assert change(operation="regain", collection="matters").json()["ids"] == lost
    late = change(operation="remove", collection="matters", id=matter, visible_after=9).json()
    assert late["waits"] is True
    later = {"at": "2026-04-01T00:00:00Z"}
    for wrong in (
        {"operation": "undelete", "collection": "matters", "id": 1},
        {"operation": "nonsense", "collection": "matters", "when": later},
        {"operation": "remove", "collection": "nonsense", "when": later},
        {"operation": "lose", "collection": "matters", "share": 2},
        {"operation": "merge", "collection": "contacts", "id": other, "loser": other},
        {"operation": "update", "collection": "matters", "nonsense": 1},
    ):
        assert change(**wrong).status_code == 400, wrong
