-- grain: one row per activity in progress and closed month-end (activity_id, month_end)
-- materialized: append
-- append_by: month_end
-- Work in progress as it was when the month was first closed here; never written again.
-- basis: as_of
-- not_null: activity_id, month_end, amount
-- column: frozen_at: the load from which the month was closed
with month_ends as (
    select * from intermediate.int_wip__month_ends
    where is_closed
),

today as (
    select * from intermediate.int_calendar__today
)

select
    month_ends.activity_id,
    month_ends.month_end,
    month_ends.matter_id,
    month_ends.user_id,
    month_ends.currency_id,
    month_ends.is_time,
    month_ends.hours,
    month_ends.amount,
    today.loaded_at as frozen_at
from month_ends
cross join today
