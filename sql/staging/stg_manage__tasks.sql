-- grain: one row per task
-- materialized: view
-- Tasks. A statute of limitations is a task.
-- unique: task_id
-- not_null: task_id, status
-- accepted: status in (pending,in_progress,in_review,complete,draft) [warn]
with source as (
    select * from raw_clio_manage.tasks
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'tasks'
),

build as (
    select * from meta.build
),

renamed as (
    select
        source.id as task_id,
        source.matter__id as matter_id,
        source.assigner__id as assigner_id,
        source.task_type__id as task_type_id,
        source.name,
        source.status,
        source.priority,
        source.due_at as due_date,
        coalesce(source.statute_of_limitations, false) as is_statute_of_limitations,
        source.completed_at,
        source.created_at,
        source.updated_at,
        case when source.assignee__type = 'User' then source.assignee__id end as assignee_user_id,
        case
            when source.assignee__type = 'Contact' then source.assignee__id
        end as assignee_contact_id,
        source.status = 'complete' as is_complete,
        coalesce(json_array_length(source.reminders), 0) as reminder_count,
        cast(timezone(build.time_zone, source.completed_at) as date) as completed_date,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    cross join build
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
