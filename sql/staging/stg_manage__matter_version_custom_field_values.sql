-- grain: one row per replaced version of a matter and custom field (matter_id, replaced_at,
--   custom_field_id)
-- materialized: view
-- Values of custom fields in replaced versions of each matter, as text.
-- not_null: matter_id
with source as (
    select
        id as matter_id,
        _replaced_at as replaced_at,
        unnest(cast(custom_field_values as json[])) as element
    from raw_clio_manage.matters__versions
),

renamed as (
    select
        matter_id,
        replaced_at,
        cast(element ->> '$.custom_field.id' as bigint) as custom_field_id,
        element ->> '$.value' as value,
        cast(element ->> '$.picklist_option.id' as bigint) as picklist_option_id
    from source
)

select * from renamed
