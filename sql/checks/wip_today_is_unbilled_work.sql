-- Work in progress of the running month is the billable work that is on no approved bill.
-- severity: error
with today as (
    select * from intermediate.int_calendar__today
),

work as (
    select sum(activities.billable_amount) as amount
    from core.fct_activity as activities
    cross join today
    where
        activities.billing_status in ('unbilled', 'on_draft')
        and activities.work_date <= today.today
),

later_bills as (
    select sum(activities.billable_amount) as amount
    from core.fct_activity as activities
    cross join today
    where
        activities.billing_status = 'billed'
        and activities.work_date <= today.today
        and activities.billed_date > today.today
),

wip as (
    select sum(wip_amount) as amount from finance.fct_wip_monthly
    where not is_closed
)

select work.amount as work, wip.amount as wip
from work
cross join later_bills
cross join wip
where coalesce(work.amount, 0) + coalesce(later_bills.amount, 0) <> coalesce(wip.amount, 0)
