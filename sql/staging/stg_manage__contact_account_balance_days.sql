-- grain: one row per contact, bank account and day
-- materialized: view
-- What each bank account held for a contact, one copy a day from the first load on.
-- unique: contact_id, bank_account_id, balance_date [warn]
-- not_null: contact_id
with source as (
    select
        id as contact_id,
        day as balance_date,
        unnest(cast(account_balances as json[])) as element
    from raw_clio_manage.contacts__daily
),

renamed as (
    select
        contact_id,
        balance_date,
        cast(element ->> '$.id' as bigint) as bank_account_id,
        element ->> '$.type' as account_type,
        cast(element ->> '$.balance' as decimal(18, 2)) as balance
    from source
)

select * from renamed
