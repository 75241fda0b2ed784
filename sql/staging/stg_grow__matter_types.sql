-- grain: one row per matter type of Grow
-- materialized: view
-- Matter types of Grow.
-- unique: matter_type_id
-- not_null: matter_type_id
with source as (
    select * from raw_clio_grow.matter_types
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_grow' and resource = 'matter_types'
),

renamed as (
    select
        source.id as matter_type_id,
        source.name,
        coalesce(source.default, false) as is_default,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
