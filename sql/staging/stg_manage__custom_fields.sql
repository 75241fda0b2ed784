-- grain: one row per custom field
-- materialized: view
-- Definitions of custom fields; a deleted one stays with its history.
-- unique: custom_field_id
-- not_null: custom_field_id
with source as (
    select * from raw_clio_manage.custom_fields
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'custom_fields'
),

renamed as (
    select
        source.id as custom_field_id,
        source.name,
        source.parent_type,
        source.field_type,
        source.display_order,
        coalesce(source.displayed, false) as is_displayed,
        coalesce(source.required, false) as is_required,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null or coalesce(source.deleted, false) as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
