-- grain: one row per calendar
-- materialized: view
-- Calendars of users and of the firm.
-- unique: calendar_id
-- not_null: calendar_id
with source as (
    select * from raw_clio_manage.calendars
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'calendars'
),

renamed as (
    select
        source.id as calendar_id,
        source.name,
        source.type as calendar_type,
        source.creator__id as creator_id,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
