-- grain: one row per counted allocation, line of its bill and method (allocation_id,
--   line_item_id, method)
-- materialized: view
-- Payments fill the lines of their bill in order, the oldest line first; with expenses_first the
-- expenses come before the services. On a scale of money the lines lie end to end, and so do the
-- payments; a line gets what overlaps. What goes beyond the lines belongs to the last one, and a
-- refund takes back what was filled last.
-- accepted: method in (fifo,expenses_first)
with methods as (
    select 'fifo' as method
    union all
    select 'expenses_first' as method
),

lines as (
    select
        methods.method,
        bill_lines.line_item_id,
        bill_lines.bill_id,
        bill_lines.total,
        sum(bill_lines.total) over line_order as line_end,
        row_number() over line_order as place,
        count(*) over (partition by methods.method, bill_lines.bill_id) as places,
        sum(bill_lines.total) over (partition by methods.method, bill_lines.bill_id) as bill_total
    from core.fct_bill_line as bill_lines
    cross join methods
    window line_order as (
        partition by methods.method, bill_lines.bill_id
        order by
            case when methods.method = 'expenses_first' and bill_lines.is_service then 1 else 0 end,
            coalesce(bill_lines.work_date, bill_lines.line_date, bill_lines.issued_date),
            bill_lines.line_item_id
        rows between unbounded preceding and current row
    )
),

allocations as (
    select
        allocation_id,
        bill_id,
        amount,
        sum(amount) over payment_order as paid_end,
        sum(amount) over payment_order - amount as paid_start
    from core.fct_allocation
    where is_counted
    window payment_order as (
        partition by bill_id
        order by allocation_date, allocation_id
        rows between unbounded preceding and current row
    )
),

spans as (
    select
        lines.method,
        allocations.allocation_id,
        lines.line_item_id,
        case when allocations.amount < 0 then -1 else 1 end as sign,
        least(allocations.paid_start, allocations.paid_end) as low,
        greatest(allocations.paid_start, allocations.paid_end) as high,
        case
            when lines.place = 1 then least(allocations.paid_start, allocations.paid_end)
            else lines.line_end - lines.total
        end as line_start,
        case
            when lines.place = lines.places
                then greatest(allocations.paid_start, allocations.paid_end)
            else lines.line_end
        end as line_end
    from allocations
    inner join lines on lines.bill_id = allocations.bill_id
    where lines.bill_total <> 0
)

select
    allocation_id,
    line_item_id,
    method,
    cast(
        sign * (least(greatest(line_end, low), high) - least(greatest(line_start, low), high))
        as decimal(18, 2)
    ) as amount
from spans
where least(greatest(line_end, low), high) <> least(greatest(line_start, low), high)
