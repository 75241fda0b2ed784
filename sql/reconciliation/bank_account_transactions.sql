-- what: number of transactions of each bank account
-- level: 2
-- left: count that Clio shows for the account
-- right: live transactions of the account in the warehouse
-- unit: count
-- tolerance: 0
-- reason: rows are counted
-- severity: error
-- needs: input.as_of, raw_clio_manage.bank_accounts, raw_clio_manage.bank_transactions,
--   staging.stg_manage__bank_accounts, staging.stg_manage__bank_transactions
with transactions as (
    select
        bank_account_id,
        count(*) as transactions,
        max(updated_at) as updated_at
    from staging.stg_manage__bank_transactions
    where not is_deleted
    group by bank_account_id
)

select
    concat('account:', accounts.bank_account_id) as key,
    concat(accounts.name, ' (', accounts.account_type, ')') as label,
    accounts.bank_transactions_count as left_value,
    coalesce(transactions.transactions, 0) as right_value,
    'bank_accounts' as resource,
    accounts.bank_account_id as record_id,
    coalesce(
        transactions.updated_at > (select complete_at from as_of where resource = 'bank_accounts'), false
    ) as moved
from staging.stg_manage__bank_accounts as accounts
left join transactions on transactions.bank_account_id = accounts.bank_account_id
where not accounts.is_deleted and accounts.bank_transactions_count is not null
