-- grain: one row per note on a contact of Grow
-- materialized: view
-- Notes on contacts of Grow. Texts stay in raw.
-- unique: note_id
-- not_null: note_id, grow_contact_id
with source as (
    select * from raw_clio_grow.contact_notes
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_grow' and resource = 'contact_notes'
),

renamed as (
    select
        source.id as note_id,
        source.contact__id as grow_contact_id,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
