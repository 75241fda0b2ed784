-- Trust money that belongs to no client and no matter.
-- severity: warn
select bank_transaction_id, bank_account_id, transaction_date, funds_in, funds_out
from trust.fct_trust_ledger
where ledger = 'none'
