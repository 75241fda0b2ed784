-- The running balance of each trust account ends at the sum of its clients' and matters' ledgers.
-- severity: error
with ends as (
    select
        bank_account_id,
        account_running,
        row_number() over (
            partition by bank_account_id order by transaction_date desc, bank_transaction_id desc
        ) as place
    from trust.fct_trust_ledger
),

ledger_ends as (
    select
        bank_account_id,
        ledger_running,
        row_number() over (
            partition by bank_account_id, ledger
            order by transaction_date desc, bank_transaction_id desc
        ) as place
    from trust.fct_trust_ledger
),

ledgers as (
    select bank_account_id, sum(ledger_running) as balance from ledger_ends
    where place = 1
    group by bank_account_id
)

select ends.bank_account_id, ends.account_running, ledgers.balance
from ends
inner join ledgers on ledgers.bank_account_id = ends.bank_account_id
where ends.place = 1 and ends.account_running <> ledgers.balance
