-- grain: one row per replaced version of a contact and custom field (contact_id, replaced_at,
--   custom_field_id)
-- materialized: view
-- Values of custom fields in replaced versions of each contact, as text.
-- not_null: contact_id
with source as (
    select
        id as contact_id,
        _replaced_at as replaced_at,
        unnest(cast(custom_field_values as json[])) as element
    from raw_clio_manage.contacts__versions
),

renamed as (
    select
        contact_id,
        replaced_at,
        cast(element ->> '$.custom_field.id' as bigint) as custom_field_id,
        element ->> '$.value' as value,
        cast(element ->> '$.picklist_option.id' as bigint) as picklist_option_id
    from source
)

select * from renamed
