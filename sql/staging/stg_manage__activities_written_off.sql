-- grain: one row per written-off activity
-- materialized: view
-- Ids of written-off work, which Clio tells only through a filter of the list.
-- unique: activity_id
-- not_null: activity_id
with source as (
    select * from raw_clio_manage.activities_written_off
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'activities_written_off'
),

renamed as (
    select
        source.id as activity_id,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
