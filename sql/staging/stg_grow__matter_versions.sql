-- grain: one row per replaced version of a matter of Grow
-- materialized: view
-- Versions of Grow's matters that were replaced, with the moment of it.
-- unique: grow_matter_id, replaced_at
-- not_null: grow_matter_id, replaced_at
with source as (
    select * from raw_clio_grow.matters__versions
),

build as (
    select * from meta.build
),

renamed as (
    select
        source.id as grow_matter_id,
        source.status,
        source.status_category,
        cast(timezone(build.time_zone, source.updated_at) as date) as updated_date,
        source.updated_at,
        source._replaced_at as replaced_at,
        source._synced_at as _loaded_at
    from source
    cross join build
)

select * from renamed
