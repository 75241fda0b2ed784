-- grain: one row per contact of Grow and custom field
-- materialized: view
-- Values of custom fields of each contact of Grow, as text.
-- unique: grow_contact_id, custom_field_id [warn]
-- not_null: grow_contact_id
with source as (
    select id as grow_contact_id, unnest(cast(custom_field_values as json[])) as element
    from raw_clio_grow.contacts
),

renamed as (
    select
        grow_contact_id,
        cast(element ->> '$.custom_field.id' as bigint) as custom_field_id,
        cast(element ->> '$.custom_field.clio_id' as bigint) as manage_custom_field_id,
        element ->> '$.field_name' as field_name,
        element ->> '$.field_type' as field_type,
        element ->> '$.raw_value' as value
    from source
)

select * from renamed
