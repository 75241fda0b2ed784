-- what: what was billed, by bill and timekeeper, against Clio's own report
-- level: 3
-- left: billed amount in the report revenue
-- right: lines of the approved bills in the warehouse, with tax
-- unit: money
-- tolerance: 0.00
-- reason: bills are kept in cents
-- severity: error
-- needs: input.report_revenue, input.asked_on, shared.known_bills, raw_clio_manage.bills,
--   raw_clio_manage.line_items, core.fct_bill_line, core.fct_bill, staging.stg_manage__bills,
--   staging.stg_manage__users
with report as (
    select
        bill,
        timekeeper,
        sum(billed) as billed
    from report_revenue
    group by bill, timekeeper
),

ours as (
    select
        bills.number as bill,
        coalesce(users.name, '') as timekeeper,
        sum(lines.total) as billed
    from core.fct_bill_line as lines
    inner join core.fct_bill as bills on bills.bill_id = lines.bill_id
    cross join asked_on
    left join staging.stg_manage__users as users on users.user_id = lines.user_id
    where bills.is_revenue and bills.issued_date between asked_on.beginning and asked_on.today
    group by bills.number, coalesce(users.name, '')
),

bills as (
    select * from known_bills
    where has_number
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
    coalesce(report.billed, 0) as left_value,
    coalesce(ours.billed, 0) as right_value,
    'bills' as resource,
    bills.bill_id as record_id,
    case
        when bills.bill_id is null then 'missing in the warehouse'
        else bills.gap
    end as cause
from report
full outer join ours on ours.bill = report.bill and ours.timekeeper = report.timekeeper
left join bills on bills.number = coalesce(report.bill, ours.bill)
