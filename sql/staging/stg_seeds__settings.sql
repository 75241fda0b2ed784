-- grain: one row per setting (name)
-- materialized: view
-- What a firm may decide about its figures.
-- not_null: name
with source as (
    select * from seeds.settings
),

renamed as (
    select
        nullif(trim(cast(name as varchar)), '') as name,
        nullif(trim(cast(value as varchar)), '') as value
    from source
)

select * from renamed
