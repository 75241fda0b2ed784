-- grain: one row per contact and bank account
-- materialized: view
-- What Clio says each bank account holds for a contact.
-- unique: contact_id, bank_account_id [warn]
-- not_null: contact_id
with source as (
    select id as contact_id, unnest(cast(account_balances as json[])) as element
    from raw_clio_manage.contacts
),

renamed as (
    select
        contact_id,
        cast(element ->> '$.id' as bigint) as bank_account_id,
        element ->> '$.type' as account_type,
        cast(element ->> '$.currency_id' as bigint) as currency_id,
        cast(element ->> '$.balance' as decimal(18, 2)) as balance
    from source
)

select * from renamed
