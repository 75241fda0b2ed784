-- A bill's balance is its total less what was paid, with or without its credits; both readings
-- of Clio's fields are let pass.
-- severity: warn
select bill_id, number, total, paid, credits, balance
from core.fct_bill
where
    is_approved
    and balance <> total - coalesce(paid, 0)
    and balance <> total - coalesce(paid, 0) - coalesce(credits, 0)
