"""Staging: what is deleted, how Clio's traps are settled, whose day it is."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.sql_folder import sql_folder
from sources.clio_http.catalog import read_catalog
from tests.unit.known_figures import shipped
from tests.unit.mini_firm import GROW, MiniFirm, empty_firm

pytestmark = pytest.mark.long

LOOKUPS = {
    *("activity_descriptions", "calendar_entry_event_types", "currencies", "document_categories"),
    *("expense_categories", "groups", "task_types", "utbms_codes"),
}
HOUR = {"quantity": 5400, "quantity_in_hours": 1.5, "rounded_quantity_in_hours": 1.6}


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[MiniFirm]:
    """Return an empty firm."""
    with empty_firm(tmp_path) as found:
        yield found


def _bury(firm: MiniFirm, resource: str, key: int, *, revived: bool = False) -> None:
    firm.rows(
        "insert into meta.tombstones values ('clio_manage',"
        f" '{resource}', '{key}', now(), '404', {'now()' if revived else 'null'})"
    )


def test_enough_is_staged() -> None:
    """At least thirty collections of Manage, and every one of Grow."""
    models = [model for model in shipped().project.models.values() if model.schema == "staging"]
    read = {word for model in models for word in re.findall(r"raw_\w+\.\w+", model.file.text)}
    manage = {f"raw_clio_manage.{name}" for name in read_catalog("clio_manage").loaded}
    grow = {f"raw_clio_grow.{name}" for name in read_catalog("clio_grow").loaded}
    assert len(manage & read) >= 30
    assert grow <= read
    prefixes = ("stg_manage__", "stg_grow__", "stg_meta__")
    assert all(model.relation.removeprefix("staging.").startswith(prefixes) for model in models)


def test_what_is_staged_is_read() -> None:
    """A view of Manage that no model, check or report reads names what the ids of others mean."""
    texts = "\n".join(path.read_text("utf-8") for path in sql_folder().rglob("*.sql"))
    names = [name for name in shipped().project.models if name.startswith("staging.stg_manage__")]
    unread = {name for name in names if not re.search(rf"\b{name}\b", texts)}
    assert {name.partition("__")[2] for name in unread} == LOOKUPS


def test_deleted_records_leave_the_models(firm: MiniFirm) -> None:
    """A tombstone marks a record until it comes back; facts are without it."""
    for key in (1, 2, 3):
        firm.add("activities", {"id": key, "type": "TimeEntry", "non_billable": False, **HOUR})
    _bury(firm, "activities", 2)
    _bury(firm, "activities", 3, revived=True)
    firm.build("+fct_activity")
    found = firm.rows("select activity_id, is_deleted from staging.stg_manage__activities")
    assert dict(found) == {1: False, 2: True, 3: False}
    assert firm.rows("select activity_id from core.fct_activity order by 1") == [(1,), (3,)]


def test_time_and_worth(firm: MiniFirm) -> None:
    """Hours are not taken from seconds; what is not billable has its worth in another field; what
    is written off is known by the list of such alone.
    """
    common = {"type": "TimeEntry", "price": 100, **HOUR}
    firm.add(
        "activities",
        {"id": 1, "total": 160, "non_billable": False, **common},
        {"id": 2, "total": 160, "non_billable": True, "non_billable_total": 160, **common},
        {"id": 3, "total": 160, "non_billable": False, **common},
        {"id": 4, "type": "ExpenseEntry", "quantity": 3, "total": 30, "non_billable": False},
        {"id": 5, "total": 160, "on_bill": True, "quantity_redacted": True, **common},
    )
    firm.add("activities_written_off", {"id": 3})
    firm.build("+stg_manage__activities")
    found = firm.rows(
        "select hours, rounded_hours, units, billable_amount, non_billable_amount, billing_status,"
        " is_written_off, is_redacted from staging.stg_manage__activities order by activity_id"
    )
    time = (Decimal("1.5"), Decimal("1.6"), None)
    assert found == [
        (*time, 160, 0, "unbilled", False, False),
        (*time, 0, 160, "non_billable", False, False),
        (*time, 160, 0, "unbilled", True, False),
        (None, None, 3, 30, 0, "unbilled", False, False),
        (*time, 160, 0, "on_draft", False, True),
    ]


def test_lines_that_repeat_or_bring_nothing(firm: MiniFirm) -> None:
    """Summary lines and no-charge lines are no revenue."""
    kinds = ("ActivityLineItem", "LineItem", "SummaryLineItem", "NoChargeLineItem")
    firm.add("line_items", *({"id": n, "type": kind} for n, kind in enumerate(kinds)))
    firm.build("+stg_manage__line_items")
    found = firm.rows("select line_type, is_revenue from staging.stg_manage__line_items order by 2")
    assert {kind for kind, counts in found if counts} == {"ActivityLineItem", "LineItem"}


def test_a_credit_is_no_cash(firm: MiniFirm) -> None:
    """Only what a payment is behind is cash."""
    for key, kind in enumerate(("Payment", "CreditMemo")):
        firm.add("allocations", {"id": key, "amount": 1, "parent__type": kind})
    firm.build("+stg_manage__allocations")
    found = firm.rows("select is_cash, is_credit from staging.stg_manage__allocations order by 1")
    assert found == [(False, True), (True, False)]


def test_days_are_the_firms_own(firm: MiniFirm) -> None:
    """A moment belongs to the day that it has in the firm's time zone; so does today."""
    firm.add("allocations", {"id": 1, "amount": 1, "voided_at": "2026-03-01T03:00:00Z"})
    firm.clock.at = "2026-03-15T02:00:00Z"
    firm.build("+stg_manage__allocations", "+int_calendar__today", time_zone="America/New_York")
    assert firm.value("select voided_date::varchar from staging.stg_manage__allocations") == (
        "2026-02-28"
    )
    assert firm.value("select today::varchar from intermediate.int_calendar__today") == "2026-03-14"


def test_arrays_are_views_of_their_own(firm: MiniFirm) -> None:
    """One row for each element, nothing for an empty array or none."""
    mails = [{"id": 1, "address": "a@example.com", "primary": True, "name": "Work"}, {"id": 2}]
    firm.add("contacts", {"id": 9, "email_addresses": mails}, {"id": 8, "email_addresses": []})
    firm.add("contacts", {"id": 7})
    firm.add("contacts", {"id": 5, "emails": ["x@example.com", ""]}, source=GROW)
    firm.build("+stg_manage__contact_email_addresses", "+stg_grow__contact_emails")
    found = firm.rows("from staging.stg_manage__contact_email_addresses order by 2")
    assert found == [(9, 1, "Work", "a@example.com", True), (9, 2, None, None, None)]
    grow = firm.rows("from staging.stg_grow__contact_emails order by position")
    assert grow == [(5, "x@example.com", 1), (5, "", 2)]
