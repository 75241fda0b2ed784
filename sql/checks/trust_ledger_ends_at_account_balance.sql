-- The running balance of each trust account ends at the balance that Clio shows.
-- severity: error
-- heals: bank_accounts by id from bank_account_id, bank_transactions by bank_account_id
with ends as (
    select
        bank_account_id,
        account_running,
        row_number() over (
            partition by bank_account_id order by transaction_date desc, bank_transaction_id desc
        ) as place
    from trust.fct_trust_ledger
)

select accounts.bank_account_id, accounts.balance as in_clio, ends.account_running as worked_out
from staging.stg_manage__bank_accounts as accounts
inner join ends on ends.bank_account_id = accounts.bank_account_id and ends.place = 1
where not accounts.is_deleted and accounts.balance <> ends.account_running
