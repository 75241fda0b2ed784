-- what: money in trust of each matter with unbilled work
-- level: 2
-- left: amount in trust that Clio shows beside the unbilled work
-- right: transactions of the trust accounts for the matter in the warehouse
-- unit: money
-- tolerance: 0.00
-- reason: both are sums of transactions, in cents
-- severity: error
-- needs: input.as_of, raw_clio_manage.billable_matters, raw_clio_manage.bank_transactions,
--   staging.stg_manage__billable_matters, staging.stg_manage__bank_transactions,
--   staging.stg_manage__bank_accounts, staging.stg_manage__matters
with ledger as (
    select
        transactions.matter_id,
        sum(transactions.funds_in - transactions.funds_out) as balance,
        max(transactions.updated_at) as updated_at
    from staging.stg_manage__bank_transactions as transactions
    inner join staging.stg_manage__bank_accounts as accounts
        on accounts.bank_account_id = transactions.bank_account_id
    where not transactions.is_deleted and accounts.account_type = 'Trust'
    group by transactions.matter_id
)

select
    concat('matter:', clio.matter_id) as key,
    coalesce(matters.display_number, concat('matter ', clio.matter_id)) as label,
    coalesce(clio.amount_in_trust, 0) as left_value,
    coalesce(ledger.balance, 0) as right_value,
    'matters' as resource,
    clio.matter_id as record_id,
    coalesce(
        ledger.updated_at > (select complete_at from as_of where resource = 'billable_matters'), false
    ) as moved
from staging.stg_manage__billable_matters as clio
left join ledger on ledger.matter_id = clio.matter_id
left join staging.stg_manage__matters as matters on matters.matter_id = clio.matter_id
where not clio.is_deleted
