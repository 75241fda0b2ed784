-- grain: one row per kind of calendar entry
-- materialized: view
-- Kinds of calendar entries.
-- unique: event_type_id
-- not_null: event_type_id
with source as (
    select * from raw_clio_manage.calendar_entry_event_types
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'calendar_entry_event_types'
),

renamed as (
    select
        source.id as event_type_id,
        source.name,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
