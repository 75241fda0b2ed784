-- grain: one row per month until today (month_end)
-- materialized: view
-- Months until today. The running month is looked at as of today and is not closed. Figures are
-- frozen from the month before the first load on; earlier ones were never reported from here.
-- column: is_frozen: the month is closed, and what was known of it is kept
with today as (
    select * from intermediate.int_calendar__today
),

months as (
    select date_trunc('month', calendar_date) as month_start
    from intermediate.int_calendar__days
    group by date_trunc('month', calendar_date)
)

select
    cast(months.month_start as date) as month_start,
    last_day(months.month_start) as month_end,
    least(last_day(months.month_start), today.today) as as_of_date,
    last_day(months.month_start) < today.today as is_closed,
    last_day(months.month_start) < today.today
    and months.month_start
    >= date_trunc('month', timezone(today.time_zone, today.first_loaded_at)) - interval 1 month
        as is_frozen
from months
cross join today
where months.month_start <= today.today
