-- grain: one row per marketing source
-- materialized: view
-- Marketing sources.
-- unique: source_id
-- not_null: source_id
with source as (
    select * from raw_clio_grow.sources
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_grow' and resource = 'sources'
),

renamed as (
    select
        source.id as source_id,
        source.name,
        source.category,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
