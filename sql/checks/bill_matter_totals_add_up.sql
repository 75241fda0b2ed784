-- What a bill asks of each matter is what its lines of that matter come to.
-- severity: warn
with lines as (
    select bill_id, matter_id, sum(total) as total from core.fct_bill_line
    group by bill_id, matter_id
),

bills as (
    select bill_id, matter_count from core.fct_bill
    where is_revenue and interest = 0
)

select totals.bill_id, totals.matter_id, totals.amount, lines.total
from staging.stg_manage__bill_matter_totals as totals
inner join bills on bills.bill_id = totals.bill_id
left join lines on lines.bill_id = totals.bill_id and lines.matter_id = totals.matter_id
where totals.amount <> coalesce(lines.total, 0)
