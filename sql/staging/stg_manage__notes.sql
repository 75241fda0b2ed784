-- grain: one row per note
-- materialized: view
-- Notes on matters and contacts. Texts stay in raw.
-- unique: note_id
-- not_null: note_id
with source as (
    select * from raw_clio_manage.notes
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'notes'
),

renamed as (
    select
        source.id as note_id,
        source.matter__id as matter_id,
        source.contact__id as contact_id,
        source.author__id as author_id,
        source.type as note_type,
        source.date as note_date,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
