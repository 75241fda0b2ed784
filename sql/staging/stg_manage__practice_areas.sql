-- grain: one row per practice area
-- materialized: view
-- Practice areas.
-- unique: practice_area_id
-- not_null: practice_area_id
with source as (
    select * from raw_clio_manage.practice_areas
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'practice_areas'
),

renamed as (
    select
        source.id as practice_area_id,
        source.name,
        source.category,
        source.code,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
