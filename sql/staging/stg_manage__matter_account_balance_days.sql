-- grain: one row per matter, bank account and day
-- materialized: view
-- What each bank account held for a matter, one copy a day from the first load on.
-- unique: matter_id, bank_account_id, balance_date [warn]
-- not_null: matter_id
with source as (
    select
        id as matter_id,
        day as balance_date,
        unnest(cast(account_balances as json[])) as element
    from raw_clio_manage.matters__daily
),

renamed as (
    select
        matter_id,
        balance_date,
        cast(element ->> '$.id' as bigint) as bank_account_id,
        element ->> '$.type' as account_type,
        cast(element ->> '$.balance' as decimal(18, 2)) as balance
    from source
)

select * from renamed
