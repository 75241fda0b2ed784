-- grain: one row per month until today (month_end)
-- materialized: view
-- Months until today. The running month is looked at as of today and is not closed.
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
    last_day(months.month_start) < today.today as is_closed
from months
cross join today
where months.month_start <= today.today
