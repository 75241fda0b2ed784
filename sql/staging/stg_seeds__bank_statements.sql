-- grain: one row per bank account and statement (bank_account_id, statement_date)
-- materialized: view
-- Ending balances of bank statements.
-- not_null: bank_account_id
with source as (
    select * from seeds.bank_statements
),

renamed as (
    select
        cast(nullif(trim(cast(bank_account_id as varchar)), '') as bigint) as bank_account_id,
        cast(nullif(trim(cast(statement_date as varchar)), '') as date) as statement_date,
        cast(nullif(trim(cast(ending_balance as varchar)), '') as decimal(18, 2)) as ending_balance
    from source
)

select * from renamed
