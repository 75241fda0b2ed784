-- grain: one row per activity in progress and frozen month-end (activity_id, month_end)
-- materialized: append
-- append_by: month_end
-- Work in progress as it was when the month was first closed here; never written again.
-- basis: as_of
-- not_null: activity_id, month_end, amount
-- needs: intermediate.int_wip__intervals, intermediate.int_wip__intervals.amount,
--   intermediate.int_wip__intervals.hours, intermediate.int_wip__intervals.currency_id
-- column: activity_id: 0 stands for a month without work in progress
-- column: frozen_at: the load from which the month was closed
with intervals as (
    select * from intermediate.int_wip__intervals
),

months as (
    select * from intermediate.int_calendar__frozen_months
),

today as (
    select * from intermediate.int_calendar__today
)

select
    coalesce(intervals.activity_id, 0) as activity_id,
    months.month_end,
    intervals.matter_id,
    intervals.user_id,
    intervals.currency_id,
    intervals.is_time,
    coalesce(intervals.hours, 0) as hours,
    coalesce(intervals.amount, 0) as amount,
    today.loaded_at as frozen_at
from months
cross join today
left join intervals
    on
        intervals.from_date <= months.month_end
        and (intervals.until_date is null or intervals.until_date > months.month_end)
