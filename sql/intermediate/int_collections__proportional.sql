-- grain: one row per counted allocation and line of its bill (allocation_id, line_item_id)
-- materialized: view
-- Each payment spread over the lines of its bill by their totals, to the cent: the cents that
-- rounding down leaves go to the lines with the greatest remainders.
with allocations as (
    select allocation_id, bill_id, amount from core.fct_allocation
    where is_counted
),

lines as (
    select
        line_item_id,
        bill_id,
        total,
        sum(total) over (partition by bill_id) as bill_total
    from core.fct_bill_line
),

exact as (
    select
        allocations.allocation_id,
        lines.line_item_id,
        allocations.amount,
        100 * cast(allocations.amount as double) * cast(lines.total as double)
        / cast(lines.bill_total as double) as cents
    from allocations
    inner join lines on lines.bill_id = allocations.bill_id
    where lines.bill_total <> 0
),

whole as (
    select
        *,
        floor(cents) as whole_cents
    from exact
),

ranked as (
    select
        *,
        round(100 * cast(amount as double) - sum(whole_cents) over (partition by allocation_id))
            as cents_left,
        row_number() over (
            partition by allocation_id order by round(cents - whole_cents, 6) desc, line_item_id
        ) as place
    from whole
)

select
    allocation_id,
    line_item_id,
    cast(
        (whole_cents + case when place <= cents_left then 1 else 0 end) / 100 as decimal(18, 2)
    ) as amount
from ranked
