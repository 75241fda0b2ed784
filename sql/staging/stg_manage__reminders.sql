-- grain: one row per reminder
-- materialized: view
-- Reminders of tasks and calendar entries.
-- unique: reminder_id
-- not_null: reminder_id
with source as (
    select * from raw_clio_manage.reminders
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'reminders'
),

renamed as (
    select
        source.id as reminder_id,
        source.subject__id as subject_id,
        source.subject__type as subject_type,
        source.state,
        source.next_delivery_at,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
