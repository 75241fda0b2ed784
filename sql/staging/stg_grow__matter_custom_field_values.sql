-- grain: one row per matter of Grow and custom field
-- materialized: view
-- Values of custom fields of each matter of Grow, as text.
-- unique: grow_matter_id, custom_field_id [warn]
-- not_null: grow_matter_id
with source as (
    select id as grow_matter_id, unnest(cast(custom_field_values as json[])) as element
    from raw_clio_grow.matters
),

renamed as (
    select
        grow_matter_id,
        cast(element ->> '$.custom_field.id' as bigint) as custom_field_id,
        cast(element ->> '$.custom_field.clio_id' as bigint) as manage_custom_field_id,
        element ->> '$.field_name' as field_name,
        element ->> '$.field_type' as field_type,
        element ->> '$.raw_value' as value
    from source
)

select * from renamed
