-- grain: one row per bank account and day
-- materialized: view
-- The balance of each bank account, one copy a day from the first load on.
-- unique: bank_account_id, balance_date
-- not_null: bank_account_id, balance_date
with source as (
    select * from raw_clio_manage.bank_accounts__daily
),

renamed as (
    select
        source.id as bank_account_id,
        source.day as balance_date,
        cast(source.balance as decimal(18, 2)) as balance
    from source
)

select * from renamed
