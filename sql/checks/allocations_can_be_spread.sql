-- Payments of bills whose lines come to nothing, which no line can be credited with.
-- severity: warn
with bills as (
    select bill_id from core.fct_bill_line
    group by bill_id
    having sum(total) <> 0
)

select allocations.allocation_id, allocations.bill_id, allocations.amount
from core.fct_allocation as allocations
left join bills on bills.bill_id = allocations.bill_id
where allocations.is_counted and bills.bill_id is null and allocations.amount <> 0
