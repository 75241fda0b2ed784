-- grain: one row per activity description
-- materialized: view
-- Descriptions (categories) of time entries.
-- unique: activity_description_id
-- not_null: activity_description_id
with source as (
    select * from raw_clio_manage.activity_descriptions
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'activity_descriptions'
),

renamed as (
    select
        source.id as activity_description_id,
        source.name,
        source.type as description_type,
        source.utbms_activity__id as utbms_activity_id,
        source.utbms_task__id as utbms_task_id,
        source.currency__id as currency_id,
        source.rate__type as rate_type,
        cast(source.rate__amount as decimal(18, 2)) as rate_amount,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
