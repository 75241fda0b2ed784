-- grain: one row per e-mail address
-- materialized: view
-- E-mail addresses of contacts.
-- unique: contact_id, email_address_id [warn]
-- not_null: contact_id
with source as (
    select id as contact_id, unnest(cast(email_addresses as json[])) as element
    from raw_clio_manage.contacts
),

renamed as (
    select
        contact_id,
        cast(element ->> '$.id' as bigint) as email_address_id,
        element ->> '$.name' as label,
        element ->> '$.address' as email,
        cast(element ->> '$.primary' as boolean) as is_primary
    from source
)

select * from renamed
