-- grain: one row per custom action of Grow
-- materialized: view
-- Custom actions of Grow.
-- unique: custom_action_id
-- not_null: custom_action_id
with source as (
    select * from raw_clio_grow.custom_actions
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_grow' and resource = 'custom_actions'
),

renamed as (
    select
        source.id as custom_action_id,
        source.label,
        source.target_url,
        source.ui_reference,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
