-- grain: one row per statement and transaction that it does not hold (statement_date, bank_transaction_id)
-- materialized: view
-- Transactions that a bank statement does not hold yet.
-- not_null: statement_date
with source as (
    select * from seeds.uncleared_transactions
),

renamed as (
    select
        cast(nullif(trim(cast(bank_account_id as varchar)), '') as bigint) as bank_account_id,
        cast(nullif(trim(cast(statement_date as varchar)), '') as date) as statement_date,
        cast(nullif(trim(cast(bank_transaction_id as varchar)), '') as bigint) as bank_transaction_id
    from source
)

select * from renamed
