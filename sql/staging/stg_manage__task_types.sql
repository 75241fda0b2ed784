-- grain: one row per task type
-- materialized: view
-- Kinds of tasks.
-- unique: task_type_id
-- not_null: task_type_id
with source as (
    select * from raw_clio_manage.task_types
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'task_types'
),

renamed as (
    select
        source.id as task_type_id,
        source.name,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null or source.deleted_at is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
