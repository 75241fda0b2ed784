-- grain: one row per activity in progress and closed month-end (activity_id, month_end)
-- materialized: append
-- append_by: month_end
-- Work in progress as it was when the month was first closed here; never written again.
-- basis: as_of
-- not_null: activity_id, month_end, amount
-- column: activity_id: 0 stands for a month without work in progress
-- column: frozen_at: the load from which the month was closed
with work as (
    select * from intermediate.int_wip__month_ends
    where is_closed
),

months as (
    select * from intermediate.int_calendar__month_ends
    where is_closed
),

today as (
    select * from intermediate.int_calendar__today
)

select
    coalesce(work.activity_id, 0) as activity_id,
    months.month_end,
    work.matter_id,
    work.user_id,
    work.currency_id,
    work.is_time,
    coalesce(work.hours, 0) as hours,
    coalesce(work.amount, 0) as amount,
    today.loaded_at as frozen_at
from months
cross join today
left join work on work.month_end = months.month_end
