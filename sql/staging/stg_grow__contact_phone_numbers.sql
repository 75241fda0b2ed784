-- grain: one row per phone number
-- materialized: view
-- Phone numbers of Grow's contacts, in their order.
-- unique: grow_contact_id, position [warn]
-- not_null: grow_contact_id, position
with source as (
    select
        id as grow_contact_id,
        unnest(cast(phone_numbers as varchar[])) as phone,
        unnest(range(1, len(cast(phone_numbers as varchar[])) + 1)) as position
    from raw_clio_grow.contacts
)

select * from source
