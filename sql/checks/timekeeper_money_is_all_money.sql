-- Fees billed and collected are the same in total by the month of the work, by the month of the
-- bill or payment, and in the lines themselves.
-- severity: error
with months as (
    select
        coalesce(sum(billed_cohort), 0) as billed_cohort,
        coalesce(sum(billed_event), 0) as billed_event,
        coalesce(sum(collected_cohort), 0) as collected_cohort,
        coalesce(sum(collected_event), 0) as collected_event
    from finance.agg_timekeeper_month
),

billed as (
    select coalesce(sum(net_amount), 0) as amount from core.fct_bill_line
    where is_approved and is_service
),

collected as (
    select coalesce(sum(lines.net_amount), 0) as amount
    from core.fct_collection_line as lines
    inner join core.fct_bill_line as bill_lines on bill_lines.line_item_id = lines.line_item_id
    where lines.is_default and lines.is_cash and lines.is_service and bill_lines.is_approved
),

received as (
    select coalesce(sum(net_amount), 0) as amount from core.fct_collection_line
    where is_default and is_cash and is_service
)

select
    months.*,
    billed.amount as billed,
    collected.amount as collected,
    received.amount as received
from months
cross join billed
cross join collected
cross join received
where
    months.billed_cohort <> billed.amount
    or months.billed_event <> billed.amount
    or months.collected_cohort <> collected.amount
    or months.collected_event <> received.amount
