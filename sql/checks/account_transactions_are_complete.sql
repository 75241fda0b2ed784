-- There are as many transactions of each bank account as Clio counts.
-- severity: error
-- heals: bank_accounts by id from bank_account_id, bank_transactions by bank_account_id
with transactions as (
    select bank_account_id, count(*) as rows from staging.stg_manage__bank_transactions
    where not is_deleted
    group by bank_account_id
)

select
    accounts.bank_account_id,
    accounts.bank_transactions_count as in_clio,
    coalesce(transactions.rows, 0) as here
from staging.stg_manage__bank_accounts as accounts
left join transactions on transactions.bank_account_id = accounts.bank_account_id
where
    not accounts.is_deleted
    and accounts.bank_transactions_count <> coalesce(transactions.rows, 0)
