-- grain: one row per activity and month-end at which it was in progress (activity_id, month_end)
-- materialized: view
-- Work in progress at the end of each month, worked out anew from what is known today.
with intervals as (
    select * from intermediate.int_wip__intervals
),

months as (
    select * from intermediate.int_calendar__month_ends
)

select
    intervals.*,
    months.month_end,
    months.as_of_date,
    months.is_closed,
    date_diff('day', intervals.from_date, months.as_of_date) as age_days
from intervals
inner join months
    on
        months.as_of_date >= intervals.from_date
        and (intervals.until_date is null or months.as_of_date < intervals.until_date)
