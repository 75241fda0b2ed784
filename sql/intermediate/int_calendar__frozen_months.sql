-- grain: one row per month whose figures are frozen (month_end)
-- materialized: view
-- Months of which figures are kept as they are known now: those that are closed, from the one before
-- the first load on, since earlier ones were never reported from here; and once work, bills and
-- payments were each loaded after the month's end, since before that they are not known.
with today as (
    select * from intermediate.int_calendar__today
),

loads as (
    select resource, max(started_at) as loaded_at from staging.stg_meta__sync_runs
    where
        source = 'clio_manage'
        and resource in ('activities', 'allocations', 'bills', 'interest_charges', 'line_items')
        and status = 'ok'
    group by resource
),

known as (
    select min(loaded_at) as known_at from loads
    having count(*) = 5
)

select months.month_end
from intermediate.int_calendar__month_ends as months
cross join today
cross join known
where
    months.is_closed
    and months.month_end < cast(timezone(today.time_zone, known.known_at) as date)
    and months.month_start
    >= date_trunc('month', timezone(today.time_zone, today.first_loaded_at)) - interval 1 month
