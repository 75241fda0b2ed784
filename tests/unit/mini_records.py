"""The records of the firm that was worked out by hand."""

from typing import Any

from tests.unit.mini_firm import GROW, TODAY, MiniFirm

ANN, BEN = 1, 2
SMITH, JONES = 100, 200
DIVORCE, ESTATE = 10, 20
TRUST = 12
MONEY = ("activities", "allocations", "bills", "interest_charges", "line_items")
IN_TRUST = [{"id": TRUST, "type": "Trust", "balance": 700.0, "currency_id": 1}]


def fill(firm: MiniFirm) -> None:
    """Write the firm of which tests know every figure."""
    _people(firm)
    _matters(firm)
    _work(firm)
    _bills(firm)
    _payments(firm)
    _trust(firm)
    _intake(firm)


def loaded(firm: MiniFirm, at: str) -> None:
    """Note that work, bills and payments were loaded at a moment."""
    for resource in MONEY:
        firm.rows(
            "insert into meta.sync_runs (run_id, source, resource, status, started_at, finished_at)"
            f" values ('{at}', 'clio_manage', '{resource}', 'ok', '{at}', '{at}')"
        )


def _people(firm: MiniFirm) -> None:
    first = "2025-07-15T12:00:00Z"
    firm.rows(
        "insert into meta.sync_runs (run_id, started_at, finished_at)"
        f" values ('1', '{first}', '{first}')"
    )
    loaded(firm, TODAY)
    firm.add(
        "users",
        {"id": ANN, "name": "Ann", "email": "ann@firm.example.com", "rate": 200, "enabled": True},
        {"id": BEN, "name": "Ben", "email": "ben@firm.example.com", "rate": 100, "enabled": True},
    )
    firm.add("custom_fields")
    firm.add("practice_areas", {"id": 1, "name": "Family"}, {"id": 2, "name": "Estates"})
    firm.add("currencies", {"id": 1, "code": "USD"})
    firm.add(
        "contacts",
        {"id": SMITH, "type": "Person", "name": "Smith", "is_client": True},
        {"id": JONES, "type": "Person", "name": "Jones", "account_balances": IN_TRUST},
    )


def _matter(key: int, client: int, originating: int, **given: object) -> dict[str, Any]:
    return {
        "id": key,
        "client__id": client,
        "responsible_attorney__id": ANN,
        "originating_attorney__id": originating,
        "currency__id": 1,
        "created_at": "2025-06-01T09:00:00Z",
        "billable": True,
        **given,
    }


def _matters(firm: MiniFirm) -> None:
    divorce = _matter(DIVORCE, SMITH, BEN, practice_area__id=1, status="Open") | {
        "display_number": "00010-Smith",
        "description": "Divorce",
        "open_date": "2025-12-01",
        "matter_budget__budget": 1000,
        "matter_budget__include_expenses": True,
    }
    estate = _matter(ESTATE, JONES, ANN, practice_area__id=2, status="Closed") | {
        "display_number": "00020-Jones",
        "close_date": "2026-03-01",
        "account_balances": IN_TRUST,
    }
    firm.add("matters", divorce, estate)
    earlier = {**divorce, "originating_attorney__id": ANN, "_replaced_at": "2026-02-25T00:00:00Z"}
    firm.add("matters__versions", earlier)
    task = {"id": 1, "name": "File", "status": "pending", "due_at": "2026-03-10"}
    who = {"matter__id": DIVORCE, "assignee__id": ANN, "assignee__type": "User"}
    firm.add("tasks", {**task, **who, "reminders": [{"id": 1}]})


def _activity(
    key: int,
    who_and_where: tuple[int, int],
    day: str,
    hours: float,
    price: int,
    **given: object,
) -> dict[str, Any]:
    user, matter = who_and_where
    return {
        "id": key,
        "type": "TimeEntry",
        "user__id": user,
        "matter__id": matter,
        "date": day,
        "quantity": hours * 3600,
        "quantity_in_hours": hours,
        "rounded_quantity_in_hours": round(hours + 0.04),
        "price": price,
        "total": price * round(hours + 0.04),
        "non_billable": False,
        "billed": False,
        "on_bill": False,
        "currency__id": 1,
        "created_at": f"{day}T18:00:00Z",
        **given,
    }


def _work(firm: MiniFirm) -> None:
    billed = {"billed": True, "on_bill": True, "bill__id": 1001}
    firm.add(
        "activities",
        _activity(1, (ANN, DIVORCE), "2026-01-10", 2, 200, **billed)
        | {"created_at": "2026-01-13T09:00:00Z"},
        _activity(2, (BEN, DIVORCE), "2026-01-20", 2.9, 100, **billed),
        _activity(
            3,
            (BEN, DIVORCE),
            "2026-01-21",
            1,
            100,
            non_billable=True,
            total=0,
            non_billable_total=100,
        ),
        {
            **_activity(4, (ANN, DIVORCE), "2026-01-22", 0, 100, **billed),
            "type": "HardCostEntry",
            "quantity": 1,
            "total": 100,
        },
        _activity(5, (ANN, ESTATE), "2026-02-05", 1, 200, on_bill=True, bill__id=1002),
        _activity(6, (BEN, DIVORCE), "2026-02-10", 2, 100),
        _activity(7, (BEN, DIVORCE), "2026-02-11", 1, 100),
        _activity(8, (ANN, ESTATE), "2025-06-10", 5, 200, **billed | {"bill__id": 1003}),
    )
    firm.add("activities_written_off", {"id": 7})


def _bill(key: int, client: int, matter: int, issued: str, total: float, **given: object) -> Any:
    return {
        "id": key,
        "number": str(key),
        "state": "awaiting_payment",
        "kind": "revenue_kind",
        "client__id": client,
        "matters": [{"id": matter}],
        "matter_totals": [{"id": matter, "amount": total}],
        "issued_at": issued,
        "currency__id": 1,
        "total": total,
        "sub_total": total,
        "services_sub_total": total,
        "paid": 0,
        "balance": total,
        "created_at": f"{issued}T10:00:00Z",
        **given,
    }


def _line(key: int, bill: int, activity: int | None, sub: float, tax: float = 0) -> dict[str, Any]:
    return {
        "id": key,
        "type": "ActivityLineItem",
        "kind": "Service",
        "bill__id": bill,
        "activity__id": activity,
        "sub_total": sub,
        "tax": tax,
        "total": sub + tax,
    }


def _bills(firm: MiniFirm) -> None:
    first = {"due_at": "2026-03-03", "sub_total": 750, "services_sub_total": 650, "tax_sum": 65}
    firm.add(
        "bills",
        _bill(1001, SMITH, DIVORCE, "2026-02-01", 820, interest__total=5, paid=400, balance=420)
        | first,
        _bill(1002, JONES, ESTATE, "2026-03-01", 200, state="draft"),
        _bill(1003, JONES, ESTATE, "2025-07-01", 1000, paid=1000, balance=0)
        | {"state": "paid", "due_at": "2025-07-31", "credits_issued": 10},
        _bill(1004, JONES, ESTATE, "2026-03-01", 500, kind="trust_kind"),
        _bill(1005, JONES, ESTATE, "2026-03-01", 77, state="void"),
    )
    expense = _line(3, 1001, 4, 100) | {"kind": "Expense"}
    firm.add(
        "line_items",
        *(_line(1, 1001, 1, 400, 40), _line(2, 1001, 2, 250, 25), expense),
        *(_line(4, 1003, 8, 1000), _line(5, 1002, 5, 200), _line(6, 1005, None, 77)),
        _line(7, 1001, None, 815) | {"type": "SummaryLineItem"},
    )
    charge = {"id": 1, "bill__id": 1001, "date": "2026-03-10", "total": 5}
    firm.add("interest_charges", charge)


def _payments(firm: MiniFirm) -> None:
    cash = {"parent__type": "Payment", "interest": False}
    firm.add(
        "allocations",
        {"id": 1, "bill__id": 1001, "date": "2026-02-20", "amount": 400, **cash},
        {"id": 2, "bill__id": 1003, "date": "2025-08-15", "amount": 990, **cash},
        {"id": 3, "bill__id": 1003, "date": "2025-08-20", "amount": 10}
        | {"parent__type": "CreditMemo"},
        {"id": 4, "bill__id": 1003, "date": "2025-08-10", "amount": 50, **cash}
        | {"voided_at": "2025-08-10T12:00:00Z"},
        {"id": 5, "bill__id": 1004, "date": "2026-03-05", "amount": 20, **cash},
    )
    owed = {"id": 1, "contact__id": SMITH, "total_outstanding_balance": 420}
    firm.add("outstanding_client_balances", owed)


def _trust(firm: MiniFirm) -> None:
    account = {"id": TRUST, "name": "Trust", "type": "Trust", "currency_id": 1}
    firm.add("bank_accounts", {**account, "balance": 700, "bank_transactions_count": 2})
    common = {"bank_account__id": TRUST, "client__id": JONES, "matter__id": ESTATE}
    firm.add(
        "bank_transactions",
        {"id": 501, "date": "2026-01-05", "funds_in": 1000, **common}
        | {"updated_at": "2026-01-05T09:00:00Z"},
        {"id": 502, "date": "2026-02-20", "funds_out": 300, **common}
        | {"updated_at": "2026-02-20T09:00:00Z"},
    )


def _intake(firm: MiniFirm) -> None:
    firm.add("sources", {"id": 1, "name": "Web"}, source=GROW)
    lead = {"state": "untriaged", "marketing_source__id": 1}
    firm.add(
        "inbox_leads",
        {"id": 1, "first_name": "Ada", "created_at": "2026-01-02T09:00:00Z", **lead},
        {"id": 2, "first_name": "Smith", "created_at": "2026-01-10T09:00:00Z", **lead},
        source=GROW,
    )
    firm.add(
        "contacts",
        {"id": 71, "name": "Smith", "clio_id": SMITH, "type": "Person"},
        {"id": 72, "name": "Jones", "type": "Person"},
        {"id": 73, "name": "Nobody", "type": "Person"},
        source=GROW,
    )
    stamps = {"created_at": "2026-01-12T09:00:00Z", "updated_at": "2026-01-20T09:00:00Z"}
    firm.add(
        "matters",
        {"id": 81, "client__id": 71, "clio_id": DIVORCE, "inbox_lead_id": 2, "status": "Signed"}
        | {"description": "Divorce", "status_category": "hired", "hired_date": "2026-01-20"}
        | stamps,
        {"id": 82, "client__id": 73, "status": "Consult scheduled", "status_category": "intake"}
        | stamps,
        source=GROW,
    )
