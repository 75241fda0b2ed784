-- grain: one row per month of issue, days since issue and currency (issue_month,
--   days_since_issue, currency_id)
-- materialized: table
-- How much of what a month billed was paid within so many days of the issue.
-- basis: cohort
-- not_null: issue_month, days_since_issue, billed, collected
-- needs: core.fct_bill, core.fct_bill.currency_id
-- needs: core.fct_bill.total for billed
-- needs: core.fct_bill.total, core.fct_allocation.amount for collected, collected_pct
-- column: collected_pct: cash within the days by what was billed
-- column: is_complete: every bill of the month has been out for so long
with bills as (
    select
        bill_id,
        currency_id,
        total,
        issued_date,
        cast(date_trunc('month', issued_date) as date) as issue_month
    from core.fct_bill
    where is_revenue and issued_date is not null
),

steps as (
    select 0 as days_since_issue
    union all
    select 30
    union all
    select 60
    union all
    select 90
    union all
    select 120
    union all
    select 180
    union all
    select 365
),

months as (
    select issue_month, currency_id, sum(total) as billed from bills
    group by issue_month, currency_id
),

payments as (
    select
        bills.issue_month,
        bills.currency_id,
        allocations.amount,
        date_diff('day', bills.issued_date, allocations.allocation_date) as days
    from core.fct_allocation as allocations
    inner join bills on bills.bill_id = allocations.bill_id
    where allocations.is_cash and not allocations.is_voided
),

today as (
    select * from intermediate.int_calendar__today
)

select
    months.issue_month,
    steps.days_since_issue,
    months.currency_id,
    cast(months.billed as decimal(18, 2)) as billed,
    cast(
        coalesce(sum(case when payments.days <= steps.days_since_issue then payments.amount end), 0)
        as decimal(18, 2)
    ) as collected,
    cast(
        coalesce(sum(case when payments.days <= steps.days_since_issue then payments.amount end), 0)
        as double
    ) / nullif(cast(months.billed as double), 0) as collected_pct,
    date_diff('day', last_day(months.issue_month), max(today.today)) >= steps.days_since_issue
        as is_complete,
    'clio_manage' as _source_system
from months
cross join steps
cross join today
left join payments
    on
        payments.issue_month = months.issue_month
        and payments.currency_id is not distinct from months.currency_id
group by months.issue_month, steps.days_since_issue, months.currency_id, months.billed
