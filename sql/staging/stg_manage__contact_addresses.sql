-- grain: one row per address
-- materialized: view
-- Postal addresses of contacts.
-- unique: contact_id, address_id [warn]
-- not_null: contact_id
with source as (
    select id as contact_id, unnest(cast(addresses as json[])) as element
    from raw_clio_manage.contacts
),

renamed as (
    select
        contact_id,
        cast(element ->> '$.id' as bigint) as address_id,
        element ->> '$.name' as label,
        element ->> '$.street' as street,
        element ->> '$.city' as city,
        element ->> '$.province' as province,
        element ->> '$.postal_code' as postal_code,
        element ->> '$.country' as country,
        cast(element ->> '$.primary' as boolean) as is_primary
    from source
)

select * from renamed
