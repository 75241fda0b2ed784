-- grain: one row per contact of Grow
-- materialized: view
-- Contacts of Grow; clio_id is the contact of Manage that Grow names.
-- unique: grow_contact_id
-- not_null: grow_contact_id
with source as (
    select * from raw_clio_grow.contacts
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_grow' and resource = 'contacts'
),

renamed as (
    select
        source.id as grow_contact_id,
        source.global_id,
        source.clio_id as named_manage_contact_id,
        source.type as contact_type,
        source.name,
        source.first_name,
        source.last_name,
        source.status,
        source.created_at,
        source.updated_at,
        nullif(lower(trim(cast(source.emails as json) ->> '$[0]')), '') as primary_email,
        nullif(trim(cast(source.phone_numbers as json) ->> '$[0]'), '') as primary_phone,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
