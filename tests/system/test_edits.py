"""Edits of single records: what is checked before they are kept."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.config import SourceSettings
from pipelines.config.files import login
from pipelines.edits.listing import run_list, run_show, run_withdraw
from pipelines.errors import BusyError, EditRefusedError, NoWarehouseError
from pipelines.ledger.ledger import Ledger
from pipelines.warehouse import writer_lock
from tests.system.firm import Firm, QuickClock
from tests.system.proposing import made, propose, refused, told, work

VALUES = "custom_field_values"
TYPES = {
    "checkbox": ("true", True),
    "contact": ("1000002", 1_000_002),
    "currency": ("-12.50", "-12.50"),
    "date": ("2026-02-28", "2026-02-28"),
    "email": ("court@example.com", "court@example.com"),
    "matter": ("2000003", 2_000_003),
    "numeric": ("123456789012345", "123456789012345"),
    "picklist": ("medium", None),
    "text_area": ("one\ntwo", "one\ntwo"),
    "text_line": ("=1+1", "=1+1"),
    "time": ("23:15", "23:15:00"),
    "url": ("https://example.com/x", "https://example.com/x"),
}


@pytest.fixture
def firm(unedited: Firm) -> Firm:
    """Return a loaded firm without any edit."""
    return unedited


def first(firm: Firm, name: str) -> dict[str, Any]:
    """Return the first record of a collection."""
    return dict(firm.clio.dump(name)[0])


def events(firm: Firm) -> list[tuple[Any, ...]]:
    """Return the events of the ledger."""
    with Ledger.open(firm.folder, QuickClock(), read_only=True) as ledger:
        return ledger.rows("select actor, kind, edit_id from events order by seq")


def test_an_edit_holds_what_it_was_made_from(firm: Firm) -> None:
    """The value and the etag of the warehouse, the new value in Clio's own form, who and why."""
    matter = first(firm, "matters")
    outcome = propose(firm, "matters", matter["id"], "status=CLOSED", "open_date=2026-02-28")
    one, two = outcome.results
    assert {**one, "edit_id": ""} == {
        "edit_id": "",
        "resource": "matters",
        "record_id": str(matter["id"]),
        "field": "status",
        "base": "open",
        "base_etag": matter["etag"],
        "new_value": "closed",
        "reason": "as agreed",
        "author": "tester",
        "login": login(),
        "origin": "command line",
        "label": matter["display_number"],
    }
    assert (two["field"], two["base"], two["new_value"]) == (
        "open_date",
        matter["open_date"],
        "2026-02-28",
    )
    assert events(firm) == [
        ("tester", "edit_proposed", one["edit_id"]),
        ("tester", "edit_proposed", two["edit_id"]),
    ]
    assert "2 edits proposed; nothing was sent to Clio." in outcome.text


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_custom_fields_of_every_type(firm: Firm, kind: str) -> None:
    """By id, where the record has a value and where it has none yet; options by their label."""
    fields = [f for f in firm.clio.dump("custom_fields") if f["parent_type"] == "Matter"]
    field = next(f for f in fields if f["field_type"] == kind and not f["deleted"])
    text, expected = TYPES[kind]
    if kind == "picklist":
        expected = next(o["id"] for o in field["picklist_options"] if o["option"] == "Medium")
    every = firm.clio.dump("matters")
    empty = next(matter for matter in every if not matter[VALUES])
    for matter in (every[0], empty):
        edits = made(propose(firm, "matters", matter["id"], f"{VALUES}[{field['id']}]={text}"))
        assert [(name, new) for name, _, new in edits] == [(f"{VALUES}[{field['id']}]", expected)]


def test_what_the_record_has_already_is_left_out(firm: Firm) -> None:
    """With a word, and without an event; also where it is written another way."""
    matter = first(firm, "matters")
    outcome = propose(firm, "matters", matter["id"], "status=Open", "location=here")
    assert [edit["field"] for edit in outcome.results] == ["location"]
    assert "1 change left out: the record has that value already." in outcome.text
    assert len(events(firm)) == 1


def test_elements_are_named_by_their_ids(firm: Firm) -> None:
    """One that the record has; another is refused with those that it has."""
    contact = next(c for c in firm.clio.dump("contacts") if len(c["phone_numbers"]) > 1)
    one, two = (phone["id"] for phone in contact["phone_numbers"][:2])
    edits = made(
        propose(firm, "contacts", contact["id"], f"phone_numbers[{one}].number=+16045550100")
    )
    assert edits[0][1] == contact["phone_numbers"][0]["number"]
    words = refused(propose(firm, "contacts", contact["id"], "phone_numbers[5].number=1"))
    assert f"it has {one}, {two}" in words


@pytest.mark.parametrize(
    ("resource", "key", "change", "words"),
    [
        ("matters", "5", "status=closed", "the warehouse has no such record of matters"),
        ("matters", "1.2E+12", "status=closed", "was rounded by a spreadsheet"),
        ("matters", "2000001", "client.id=5", "has no record of contacts with this id"),
        ("matters", "2000001", "client.id=<clear>", "client.id cannot be emptied"),
        ("matters", "2000001", "status=<clear>", "status cannot be emptied"),
        ("matters", "2000001", "billable=<clear>", "billable cannot be emptied"),
        ("matters", "2000001", "description=<clear>", "description cannot be emptied"),
        ("matters", "2000001", "practice_area.id=1000001", "has no record of practice_areas"),
        ("matters", "2000001", "group.id=5", "has no record of groups"),
        ("bills", "1", "state=void", "records of bills cannot be edited"),
        ("raw_clio_manage.matters", "1", "status=closed", "cannot be edited"),
    ],
)
def test_what_cannot_be_is_refused(
    firm: Firm, resource: str, key: str, change: str, words: str
) -> None:
    """With the reason, and nothing is kept."""
    assert words in refused(propose(firm, resource, key, change))
    assert events(firm) == []


def test_one_wrong_change_keeps_all_from_being_proposed(firm: Firm) -> None:
    """Every problem is told at once."""
    outcome = propose(firm, "matters", 2_000_001, "status=shut", "location=x", "billable=maybe")
    assert [line.partition(":")[0] for line in told(outcome)] == [
        "matters 2000001 status",
        "matters 2000001 billable",
    ]
    assert outcome.exit_code == 2
    assert events(firm) == []


def test_a_field_has_one_open_edit(firm: Firm) -> None:
    """A second is refused, also in the same command; once the first is withdrawn it is not."""
    (edit,) = propose(firm, "matters", 2_000_001, "location=one").results
    words = refused(propose(firm, "matters", 2_000_001, "location=two"))
    assert f"has an open edit, {edit['edit_id']}" in words
    twice = propose(firm, "matters", 2_000_002, "location=a", "location=b")
    assert "is changed by" in refused(twice)
    run_withdraw(work(firm), [edit["edit_id"]], "mistaken")
    assert made(propose(firm, "matters", 2_000_001, "location=two"))


def test_a_reason_is_needed(firm: Firm) -> None:
    """A blank one is none."""
    words = refused(propose(firm, "matters", 2_000_001, "location=x", reason=" "))
    assert "say why the record is to be changed" in words


def test_deleted_records_are_neither_changed_nor_pointed_at(firm: Firm) -> None:
    """What has a tombstone counts as gone until it returns."""
    with firm.writable() as warehouse:
        for name, key in (("matters", 2_000_009), ("users", 103)):
            warehouse.execute(
                "insert into meta.tombstones values ('clio_manage', $1, $2, now(), 'test', null)",
                [name, str(key)],
            )
    try:
        assert "it is deleted in Clio" in refused(propose(firm, "matters", 2_000_009, "location=x"))
        words = refused(propose(firm, "matters", 2_000_001, "responsible_attorney.id=103"))
        assert "no record of users with this id" in words
        with firm.writable() as warehouse:
            warehouse.execute("update meta.tombstones set revived_at = now()")
        assert made(propose(firm, "matters", 2_000_009, "location=x"))
    finally:
        with firm.writable() as warehouse:
            warehouse.execute("delete from meta.tombstones where evidence = 'test'")


def test_records_in_the_trash_and_on_bills_are_not_changed(firm: Firm) -> None:
    """A document that Clio marks as deleted; work that is on a bill, which is money."""
    trashed = next(d for d in firm.clio.dump("documents") if d["deleted_at"])
    billed = next(a for a in firm.clio.dump("activities") if a["on_bill"] or a["billed"])
    assert "trash" in refused(propose(firm, "documents", trashed["id"], "name=x"))
    assert "on a bill" in refused(propose(firm, "activities", billed["id"], "note=x"))
    free = next(a for a in firm.clio.dump("activities") if not (a["on_bill"] or a["billed"]))
    assert made(propose(firm, "activities", free["id"], "note=x"))


def test_typed_references_go_with_their_type(firm: Firm) -> None:
    """An id is looked for where the type says; another type needs another id beside it."""
    task = next(t for t in firm.clio.dump("tasks") if t["assignee"]["type"] == "User")
    key, contact = task["id"], firm.clio.dump("contacts")[0]["id"]
    words = refused(propose(firm, "tasks", key, f"assignee.id={contact}"))
    assert "no record of users with this id" in words
    assert "only together with assignee.id" in refused(
        propose(firm, "tasks", key, "assignee.type=Contact")
    )
    both = propose(firm, "tasks", key, f"assignee.id={contact}", "assignee.type=contact")
    assert [new for _, _, new in made(both)] == [contact, "Contact"]


@pytest.mark.parametrize("setting", ["exclude_columns", "hash_columns"])
def test_a_column_that_is_left_out_or_hashed_has_no_base(firm: Firm, setting: str) -> None:
    """What the warehouse holds there is not what Clio shows, so nothing may replace it."""
    options = {setting: ("matters.location",), "base_url": firm.clio.url}
    sources = {"clio_manage": SourceSettings(**options), "clio_grow": SourceSettings()}  # type: ignore[arg-type]
    words = refused(propose(firm, "matters", 2_000_001, "location=x", sources=sources))
    assert "is left out or hashed here" in words
    assert "what it would replace is not known" in words
    assert made(propose(firm, "matters", 2_000_001, "client_reference=x", sources=sources))


def test_a_hidden_value_is_no_base(firm: Firm) -> None:
    """Hours that this user may not see read as null, which says nothing."""
    free = next(
        a for a in firm.clio.dump("activities")
        if a["type"] == "TimeEntry" and not (a["on_bill"] or a["billed"])
    )  # fmt: skip
    hours = "quantity = null, quantity_redacted = {}"
    query = f"update raw_clio_manage.activities set {hours} where id = $1"
    with firm.writable() as warehouse:
        warehouse.execute(query.format("true"), [free["id"]])
    try:
        words = refused(propose(firm, "activities", free["id"], "quantity=1h"))
        assert "is hidden from this user" in words
        with firm.writable() as warehouse:
            warehouse.execute(query.format("false"), [free["id"]])
        assert made(propose(firm, "activities", free["id"], "quantity=1h"))
    finally:
        with firm.writable() as warehouse:
            warehouse.execute(query.format("false"), [free["id"]])


def test_settings_narrow_what_may_be_edited(firm: Firm) -> None:
    """What clio_sync.writable leaves out is refused, with what it does not."""
    narrow = ("matters.location",)
    words = refused(propose(firm, "matters", 2_000_001, "status=closed", writable=narrow))
    assert "left out by clio_sync.writable; valid: matters.location" in words
    assert made(propose(firm, "matters", 2_000_001, "location=x", writable=narrow))


def test_edits_are_listed_shown_and_withdrawn(firm: Firm) -> None:
    """Open ones by default; all of them with their events; a settled one stays as it is."""
    one, two = propose(firm, "matters", 2_000_001, "location=x", "status=closed").results
    listed = run_list(work(firm), ())
    assert [edit["edit_id"] for edit in listed.results] == [one["edit_id"], two["edit_id"]]
    assert listed.results[0]["state"] == "proposed"
    (gone,) = run_withdraw(work(firm), [one["edit_id"]], "mistaken").results
    assert (gone["state"], gone["note"]) == ("withdrawn", "mistaken")
    assert len(run_list(work(firm), ()).results) == 1
    assert len(run_list(work(firm), (), every=True).results) == 2
    assert len(run_list(work(firm), ("withdrawn",)).results) == 1
    (shown,) = run_show(work(firm), one["edit_id"]).results
    assert [event["kind"] for event in shown["events"]] == ["edit_proposed", "edit_withdrawn"]
    with pytest.raises(EditRefusedError, match="cannot be withdrawn any more"):
        run_withdraw(work(firm), [two["edit_id"], one["edit_id"]], "")
    assert len(run_list(work(firm), ()).results) == 1
    with pytest.raises(EditRefusedError, match="there is no edit nothing"):
        run_show(work(firm), "nothing")


def test_proposing_waits_for_no_other_run(firm: Firm) -> None:
    """While one is at work nothing is proposed, and the command says who it is."""
    with writer_lock(firm.folder, "load", QuickClock().now()), pytest.raises(BusyError):
        propose(firm, "matters", 2_000_001, "location=x")


def test_without_a_warehouse_nothing_can_be_proposed(firm: Firm, tmp_path: Path) -> None:
    """And nothing is made."""
    with pytest.raises(NoWarehouseError):
        propose(firm, "matters", 1, "status=closed", data_dir=tmp_path / "none")
    assert not (tmp_path / "none").exists()
    assert run_list(work(firm, data_dir=tmp_path / "none"), ()).results == []
