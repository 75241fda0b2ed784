-- Each counted allocation is spread over the lines of its bill to the cent, by every method.
-- severity: error
-- heals: allocations by id from allocation_id
with methods as (
    select 'proportional' as method
    union all
    select 'fifo' as method
    union all
    select 'expenses_first' as method
),

bills as (
    select bill_id from core.fct_bill_line
    group by bill_id
    having sum(total) <> 0
)

select
    allocations.allocation_id,
    methods.method,
    allocations.amount,
    sum(lines.amount) as spread
from core.fct_allocation as allocations
inner join bills on bills.bill_id = allocations.bill_id
cross join methods
left join core.fct_collection_line as lines
    on lines.allocation_id = allocations.allocation_id and lines.method = methods.method
where allocations.is_counted
group by allocations.allocation_id, methods.method, allocations.amount
having coalesce(sum(lines.amount), 0) <> allocations.amount
