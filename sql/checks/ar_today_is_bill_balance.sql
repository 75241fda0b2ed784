-- What each approved bill owes by its issue, interest, payments and credits is the balance that
-- Clio shows. This is the best single proof that nothing of the money is missing.
-- severity: error
-- heals: bills by id from bill_id, allocations by bill_id, interest_charges by bill_id
with worked_out as (
    select bill_id, sum(amount) as balance from intermediate.int_ar__movements
    group by bill_id
)

select bills.bill_id, bills.number, bills.balance as in_clio, worked_out.balance as worked_out
from core.fct_bill as bills
left join worked_out on worked_out.bill_id = bills.bill_id
where bills.is_revenue and coalesce(worked_out.balance, 0) <> coalesce(bills.balance, 0)
