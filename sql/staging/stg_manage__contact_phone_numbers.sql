-- grain: one row per phone number
-- materialized: view
-- Phone numbers of contacts.
-- unique: contact_id, phone_number_id [warn]
-- not_null: contact_id
with source as (
    select id as contact_id, unnest(cast(phone_numbers as json[])) as element
    from raw_clio_manage.contacts
),

renamed as (
    select
        contact_id,
        cast(element ->> '$.id' as bigint) as phone_number_id,
        element ->> '$.name' as label,
        element ->> '$.number' as phone,
        cast(element ->> '$.primary' as boolean) as is_primary
    from source
)

select * from renamed
