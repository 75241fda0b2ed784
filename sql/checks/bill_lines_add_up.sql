-- The lines of a bill come to its total less the interest.
-- severity: warn
with lines as (
    select bill_id, sum(total) as total from core.fct_bill_line
    group by bill_id
)

select bills.bill_id, bills.number, bills.total, bills.interest, lines.total as lines_total
from core.fct_bill as bills
inner join lines on lines.bill_id = bills.bill_id
where bills.total - bills.interest <> lines.total
