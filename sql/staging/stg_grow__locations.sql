-- grain: one row per location
-- materialized: view
-- Locations of the firm in Grow.
-- unique: location_id
-- not_null: location_id
with source as (
    select * from raw_clio_grow.locations
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_grow' and resource = 'locations'
),

renamed as (
    select
        source.id as location_id,
        source.name,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
