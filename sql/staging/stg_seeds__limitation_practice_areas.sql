-- grain: one row per practice area (practice_area)
-- materialized: view
-- Practice areas whose matters need a statute of limitations.
-- not_null: practice_area
with source as (
    select * from seeds.limitation_practice_areas
),

renamed as (
    select
        nullif(trim(cast(practice_area as varchar)), '') as practice_area
    from source
)

select * from renamed
