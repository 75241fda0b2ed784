-- grain: one row per matter and custom field
-- materialized: view
-- Values of custom fields of each matter, as text; the wide views have them typed.
-- unique: matter_id, custom_field_id [warn]
-- not_null: matter_id
with source as (
    select id as matter_id, unnest(cast(custom_field_values as json[])) as element
    from raw_clio_manage.matters
),

renamed as (
    select
        matter_id,
        cast(element ->> '$.custom_field.id' as bigint) as custom_field_id,
        element ->> '$.id' as custom_field_value_id,
        element ->> '$.field_type' as field_type,
        element ->> '$.value' as value,
        cast(element ->> '$.picklist_option.id' as bigint) as picklist_option_id,
        element ->> '$.picklist_option.option' as picklist_option,
        cast(element ->> '$.contact.id' as bigint) as contact_value_id,
        cast(element ->> '$.matter.id' as bigint) as matter_value_id,
        cast(element ->> '$.soft_deleted' as boolean) as is_soft_deleted
    from source
)

select * from renamed
