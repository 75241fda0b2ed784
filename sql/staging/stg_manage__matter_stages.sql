-- grain: one row per matter stage
-- materialized: view
-- Stages of matters, by practice area.
-- unique: matter_stage_id
-- not_null: matter_stage_id
with source as (
    select * from raw_clio_manage.matter_stages
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'matter_stages'
),

renamed as (
    select
        source.id as matter_stage_id,
        source.name,
        source.order as stage_order,
        source.created_at,
        source.updated_at,
        try_cast(source.practice_area_id as bigint) as practice_area_id,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
