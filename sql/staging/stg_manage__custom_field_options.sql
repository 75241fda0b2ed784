-- grain: one row per option of a pick list
-- materialized: view
-- Options of pick lists; a deleted one stays.
-- unique: custom_field_id, picklist_option_id [warn]
-- not_null: custom_field_id
with source as (
    select id as custom_field_id, unnest(cast(picklist_options as json[])) as element
    from raw_clio_manage.custom_fields
),

renamed as (
    select
        custom_field_id,
        cast(element ->> '$.id' as bigint) as picklist_option_id,
        element ->> '$.option' as option,
        cast(element ->> '$.deleted_at' as timestamptz) as deleted_at
    from source
)

select * from renamed
