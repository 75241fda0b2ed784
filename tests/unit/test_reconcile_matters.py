"""Totals of matters: by the number that reports have, and with matters that only one side knows."""

from decimal import Decimal

from pipelines.reconcile.definitions import read_definitions
from pipelines.reconcile.evaluate import asked_of
from pipelines.reconcile.verdicts import Comparison, ComparisonStatus
from pipelines.warehouse import Cursor, in_memory

DEFINITIONS = {one.name: one for one in read_definitions((1, 2, 3, 4))}
MATTERS = """
create schema staging;
create schema core;
create table staging.stg_manage__matters(matter_id bigint, display_number varchar, is_deleted bool);
create table core.fct_activity(
    matter_id bigint, billing_status varchar, work_date date, is_time bool,
    billable_amount decimal(18, 2), rounded_hours decimal(18, 2));
create table asked_on as select date '2000-01-01' as beginning, date '2026-10-31' as today;
"""
WORK = "insert into core.fct_activity values ({}, 'unbilled', '2026-10-01', true, {}, {})"


def compared(cursor: Cursor, name: str) -> Comparison:
    """Run one comparison on what stands in memory."""
    return asked_of(cursor, DEFINITIONS[name])


def firm() -> Cursor:
    """Return a number that a deleted and two living matters have, with work on the latter."""
    cursor = in_memory()
    cursor.execute(MATTERS)
    cursor.execute(
        "insert into staging.stg_manage__matters values"
        " (1, '00001-A', true), (2, '00001-A', false), (3, '00001-A', false)"
    )
    for matter, amount in ((2, "100.10"), (3, "50.05")):
        cursor.execute(WORK.format(matter, amount, "1.5"))
    return cursor


def test_matters_of_one_number() -> None:
    """A report names matters by number: the work of all that have it is held against its line, no
    difference is invented, and one cent more is found once.
    """
    cursor = firm()
    query = "create or replace table report_work_in_progress as select '00001-A' as matter, {}"
    cursor.execute(query.format("150.15 as amount, 3.0 as hours"))
    for name in ("report_work_in_progress", "report_work_hours"):
        found = compared(cursor, name)
        assert (name, found.status, found.rows) == (name, ComparisonStatus.MATCH, 1)
    cursor.execute(query.format("150.16 as amount, 3.0 as hours"))
    (line,) = compared(cursor, "report_work_in_progress").differences
    assert (line.left, line.right) == (Decimal("150.16"), Decimal("150.15"))


def test_keys_name_no_client() -> None:
    """A matter's number often holds the client's name: keys, which are printed, have its id, or a
    digest of a number that is not known here.
    """
    cursor = firm()
    cursor.execute(
        "create table report_work_in_progress as select * from (values"
        " ('00001-A', 1.00, 1.0), ('00009-Smith', 2.00, 1.0)) as t(matter, amount, hours)"
    )
    for name in ("report_work_in_progress", "report_work_hours"):
        keys = [line.key for line in compared(cursor, name).differences]
        assert len(keys) == 2
        assert "matter:3" in keys
        assert not [key for key in keys if "Smith" in key or "00001" in key]


def test_balances_of_one_number() -> None:
    """The same goes for the summary of balances."""
    cursor = firm()
    cursor.execute(
        "create table report_matter_balance_summary as"
        " select '00001-A' as matter, 150.15 as wip, 0.00 as owed, 7.00 as trust;"
        "create table core.fct_bill(matter_id bigint, balance decimal(18, 2), is_revenue bool);"
        "create table staging.stg_manage__bills(bill_id bigint, number varchar, balance"
        " decimal(18, 2), is_approved bool, is_deleted bool, is_trust_request bool, state varchar,"
        " currency_id bigint);"
        "create table staging.stg_manage__bill_matters(bill_id bigint, matter_id bigint);"
        "create table staging.stg_manage__bank_accounts as"
        " select 12 as bank_account_id, 'Trust' as account_type;"
        "create table staging.stg_manage__bank_transactions as select 12 as bank_account_id,"
        " 3 as matter_id, 7.00 as funds_in, 0.00 as funds_out, false as is_deleted"
    )
    found = compared(cursor, "report_matter_balances")
    assert (found.status, found.rows) == (ComparisonStatus.MATCH, 2)


def test_unbilled_work_of_an_unknown_matter() -> None:
    """What Clio counts as unbilled on a matter that never arrived here is shown."""
    cursor = firm()
    cursor.execute(
        "create table staging.stg_manage__activities(matter_id bigint, updated_at timestamptz);"
        "create table as_of(resource varchar, complete_at timestamptz);"
        "create table staging.stg_manage__billable_matters as select * from (values"
        " (2, 100.10, 1.5, false), (3, 50.05, 1.5, false), (9, 70.07, 2.0, false))"
        " as t(matter_id, unbilled_amount, unbilled_hours, is_deleted)"
    )
    for name, amount in (("billable_matter_amounts", "70.07"), ("billable_matter_hours", "2")):
        (line,) = compared(cursor, name).differences
        said = (line.key, line.left, line.right, line.cause)
        assert said == ("matter:9", Decimal(amount), Decimal(0), "missing in the warehouse")
