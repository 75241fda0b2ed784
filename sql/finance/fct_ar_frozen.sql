-- grain: one row per approved bill and closed month-end with something owed (bill_id, month_end)
-- materialized: append
-- append_by: month_end
-- Accounts receivable as they were when the month was first closed here; never written again.
-- basis: as_of
-- not_null: bill_id, month_end, balance
-- column: frozen_at: the load from which the month was closed
with receivables as (
    select * from finance.fct_ar_monthly
    where is_closed
),

today as (
    select * from intermediate.int_calendar__today
)

select
    receivables.bill_id,
    receivables.number,
    receivables.month_end,
    receivables.client_id,
    receivables.matter_id,
    receivables.currency_id,
    receivables.billed,
    receivables.interest,
    receivables.allocated,
    receivables.balance,
    receivables.bucket,
    today.loaded_at as frozen_at
from receivables
cross join today
