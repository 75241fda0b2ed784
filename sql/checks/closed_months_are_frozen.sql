-- Months that ended more than a week ago are frozen. One that is not waits for a complete load of
-- work, bills and payments.
-- severity: warn
with today as (
    select * from intermediate.int_calendar__today
),

frozen as (
    select distinct month_end from finance.fct_ar_frozen
)

select months.month_end
from intermediate.int_calendar__month_ends as months
cross join today
left join frozen on frozen.month_end = months.month_end
where
    frozen.month_end is null
    and date_diff('day', months.month_end, today.today) > 7
    and months.month_start
    >= date_trunc('month', timezone(today.time_zone, today.first_loaded_at)) - interval 1 month
