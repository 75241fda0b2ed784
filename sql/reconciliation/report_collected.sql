-- what: what was collected, by bill and timekeeper, against Clio's own report
-- level: 3
-- left: collected amount in the report revenue
-- right: payments spread over the lines of the bill by the firm's method, with tax
-- unit: money
-- tolerance: 0.00
-- reason: payments are kept in cents
-- severity: error
-- needs: input.report_revenue, input.asked_on, shared.known_bills, raw_clio_manage.bills,
--   raw_clio_manage.allocations, core.fct_collection_line, core.fct_bill,
--   staging.stg_manage__bills, staging.stg_manage__users
with report as (
    select
        bill,
        timekeeper,
        sum(collected) as collected
    from report_revenue
    group by bill, timekeeper
),

spread as (
    select
        bills.number as bill,
        coalesce(users.name, '') as timekeeper,
        lines.method,
        lines.is_default,
        sum(lines.amount) as collected
    from core.fct_collection_line as lines
    inner join core.fct_bill as bills on bills.bill_id = lines.bill_id
    cross join asked_on
    left join staging.stg_manage__users as users on users.user_id = lines.user_id
    where lines.is_cash and lines.paid_date between asked_on.beginning and asked_on.today
    group by all
),

totals as (
    select
        bill,
        sum(collected) as collected
    from spread
    where is_default
    group by bill
),

reported as (
    select
        bill,
        sum(collected) as collected
    from report
    group by bill
),

bills as (
    select * from known_bills
    where has_number
),

ours as (
    select * from spread
    where is_default
)

select
    concat(
        'bill:', coalesce(report.bill, ours.bill),
        ' ', md5(coalesce(report.timekeeper, ours.timekeeper))
    ) as key,
    concat(
        'bill ', coalesce(report.bill, ours.bill),
        ', ', coalesce(report.timekeeper, ours.timekeeper)
    ) as label,
    coalesce(report.collected, 0) as left_value,
    coalesce(ours.collected, 0) as right_value,
    'bills' as resource,
    bills.bill_id as record_id,
    case
        when bills.bill_id is null then 'missing in the warehouse'
        when coalesce(reported.collected, 0) = coalesce(totals.collected, 0)
            then 'allocation method'
        else bills.gap
    end as cause
from report
full outer join ours on ours.bill = report.bill and ours.timekeeper = report.timekeeper
left join bills on bills.number = coalesce(report.bill, ours.bill)
left join totals on totals.bill = bills.number
left join reported on reported.bill = bills.number
