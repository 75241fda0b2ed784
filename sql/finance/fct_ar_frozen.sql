-- grain: one row per approved bill and frozen month-end with something owed (bill_id, month_end)
-- materialized: append
-- append_by: month_end
-- Accounts receivable as they were when the month was first closed here; never written again.
-- basis: as_of
-- not_null: bill_id, month_end, balance
-- needs: finance.fct_ar_monthly, finance.fct_ar_monthly.balance,
--   finance.fct_ar_monthly.currency_id, finance.fct_ar_monthly.bucket
-- column: bill_id: 0 stands for a month in which nothing was owed
-- column: frozen_at: the load from which the month was closed
with receivables as (
    select * from finance.fct_ar_monthly
    where is_closed
),

months as (
    select * from intermediate.int_calendar__frozen_months
),

today as (
    select * from intermediate.int_calendar__today
)

select
    coalesce(receivables.bill_id, 0) as bill_id,
    receivables.number,
    months.month_end,
    receivables.client_id,
    receivables.matter_id,
    receivables.currency_id,
    coalesce(receivables.billed, 0) as billed,
    coalesce(receivables.interest, 0) as interest,
    coalesce(receivables.allocated, 0) as allocated,
    coalesce(receivables.balance, 0) as balance,
    receivables.bucket,
    today.loaded_at as frozen_at
from months
cross join today
left join receivables on receivables.month_end = months.month_end
