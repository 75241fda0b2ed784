-- grain: one row per payment of a bill from trust without an allocation (bank_transaction_id)
-- materialized: view
-- Payments of bills from trust accounts that stand in no allocation.
-- needs: trust.fct_trust_ledger, core.fct_allocation for amount
-- column: amount: what was paid; empty while the allocations are not known
select ledger.bank_transaction_id, ledger.funds_out as amount
from trust.fct_trust_ledger as ledger
left join core.fct_allocation as allocations
    on allocations.allocation_id = ledger.allocation_id and not allocations.is_voided
where
    ledger.funds_out > 0
    and ledger.bill_id is not null
    and allocations.allocation_id is null
