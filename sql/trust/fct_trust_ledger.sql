-- grain: one row per transaction of a trust account (bank_transaction_id)
-- materialized: table
-- Trust money in and out with the running balance of the account and of the client's ledger.
-- basis: event
-- not_null: bank_transaction_id, bank_account_id, account_running
-- relationships: client_id -> core.dim_contact.contact_id [warn]
-- needs: staging.stg_manage__bank_transactions,
--   staging.stg_manage__bank_transactions.bank_account_id,
--   staging.stg_manage__bank_transactions.transaction_date,
--   staging.stg_manage__bank_transactions.client_id,
--   staging.stg_manage__bank_transactions.matter_id, staging.stg_manage__bank_accounts,
--   staging.stg_manage__bank_accounts.account_type
-- needs: staging.stg_manage__bank_transactions.funds_in,
--   staging.stg_manage__bank_transactions.funds_out for account_running, ledger_running,
--   is_negative
-- column: ledger: the matter's ledger, or the client's where money has no matter
-- column: ledger_running: what the ledger held in this account after the transaction
-- column: is_negative: the ledger was below zero after the transaction
with transactions as (
    select * from staging.stg_manage__bank_transactions
    where not is_deleted
),

accounts as (
    select * from staging.stg_manage__bank_accounts
    where account_type = 'Trust'
),

placed as (
    select
        transactions.*,
        accounts.name as account_name,
        transactions.funds_in - transactions.funds_out as net,
        case
            when transactions.matter_id is not null
                then concat('matter:', cast(transactions.matter_id as varchar))
            when transactions.client_id is not null
                then concat('client:', cast(transactions.client_id as varchar))
            else 'none'
        end as ledger
    from transactions
    inner join accounts on accounts.bank_account_id = transactions.bank_account_id
),

running as (
    select
        *,
        sum(net) over (
            partition by bank_account_id
            order by transaction_date, bank_transaction_id
            rows between unbounded preceding and current row
        ) as account_running,
        sum(net) over (
            partition by bank_account_id, ledger
            order by transaction_date, bank_transaction_id
            rows between unbounded preceding and current row
        ) as ledger_running
    from placed
)

select
    bank_transaction_id,
    bank_account_id,
    account_name,
    client_id,
    matter_id,
    bill_id,
    allocation_id,
    ledger,
    transaction_type,
    confirmation,
    currency_id,
    transaction_date,
    funds_in,
    funds_out,
    cast(account_running as decimal(18, 2)) as account_running,
    cast(ledger_running as decimal(18, 2)) as ledger_running,
    ledger_running < 0 as is_negative,
    updated_date,
    created_at,
    updated_at,
    _loaded_at,
    'clio_manage' as _source_system
from running
