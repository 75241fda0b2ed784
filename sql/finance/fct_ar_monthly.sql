-- grain: one row per approved bill and month-end with something owed (bill_id, month_end)
-- materialized: table
-- Accounts receivable at each month-end and today, worked out anew from what is known now.
-- basis: as_of
-- not_null: bill_id, month_end, as_of_date, balance, bucket
-- relationships: bill_id -> core.fct_bill.bill_id
-- accepted: bucket in (current,1-30,31-60,61-90,91+)
-- needs: intermediate.int_ar__month_ends, intermediate.int_ar__month_ends.balance
-- needs: staging.stg_manage__bills.due_date for bucket
-- column: as_of_date: the month-end, or today in the running month
-- column: days_past_due: days since the due date; below zero when not due yet
with month_ends as (
    select * from intermediate.int_ar__month_ends
),

bills as (
    select * from core.fct_bill
),

matters as (
    select * from core.dim_matter
),

aged as (
    select
        month_ends.*,
        bills.number,
        bills.client_id,
        bills.matter_id,
        bills.currency_id,
        bills.issued_date,
        bills.due_date,
        date_diff('day', coalesce(bills.due_date, bills.issued_date), month_ends.as_of_date)
            as days_past_due
    from month_ends
    inner join bills on bills.bill_id = month_ends.bill_id
)

select
    aged.bill_id,
    aged.number,
    aged.month_end,
    aged.as_of_date,
    aged.is_closed,
    aged.client_id,
    aged.matter_id,
    matters.practice_area,
    matters.responsible_attorney_id,
    matters.originating_attorney_id,
    aged.currency_id,
    aged.issued_date,
    aged.due_date,
    aged.billed,
    aged.interest,
    aged.allocated,
    aged.balance,
    aged.days_past_due,
    case
        when aged.days_past_due <= 0 then 'current'
        when aged.days_past_due <= 30 then '1-30'
        when aged.days_past_due <= 60 then '31-60'
        when aged.days_past_due <= 90 then '61-90'
        else '91+'
    end as bucket,
    'clio_manage' as _source_system
from aged
left join matters on matters.matter_id = aged.matter_id
