-- Hours of timekeepers by month come to all hours that were worked.
-- severity: error
with months as (
    select sum(billable_hours + non_billable_hours) as hours from finance.agg_timekeeper_month
),

work as (
    select sum(hours) as hours from core.fct_activity
    where is_time and work_date is not null
)

select months.hours as months, work.hours as work
from months
cross join work
where coalesce(months.hours, 0) <> coalesce(work.hours, 0)
