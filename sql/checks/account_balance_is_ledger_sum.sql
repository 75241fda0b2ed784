-- The transactions of each bank account come to the balance that Clio shows.
-- severity: error
-- heals: bank_accounts by id from bank_account_id, bank_transactions by bank_account_id
with transactions as (
    select bank_account_id, sum(funds_in - funds_out) as balance
    from staging.stg_manage__bank_transactions
    where not is_deleted
    group by bank_account_id
)

select
    accounts.bank_account_id,
    accounts.balance as in_clio,
    coalesce(transactions.balance, 0) as worked_out
from staging.stg_manage__bank_accounts as accounts
left join transactions on transactions.bank_account_id = accounts.bank_account_id
where not accounts.is_deleted and accounts.balance <> coalesce(transactions.balance, 0)
