-- grain: one row per e-mail address
-- materialized: view
-- E-mail addresses of Grow's contacts, in their order.
-- unique: grow_contact_id, position [warn]
-- not_null: grow_contact_id, position
with source as (
    select
        id as grow_contact_id,
        unnest(cast(emails as varchar[])) as email,
        unnest(range(1, len(cast(emails as varchar[])) + 1)) as position
    from raw_clio_grow.contacts
)

select * from source
