-- grain: one row per replaced version of a task
-- materialized: view
-- Versions of tasks that were replaced, with the moment of it.
-- unique: task_id, replaced_at
-- not_null: task_id, replaced_at
with source as (
    select * from raw_clio_manage.tasks__versions
),

renamed as (
    select
        source.id as task_id,
        source.status,
        source.due_at as due_date,
        source.updated_at,
        source._replaced_at as replaced_at,
        source._synced_at as _loaded_at
    from source
)

select * from renamed
