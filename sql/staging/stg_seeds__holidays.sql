-- grain: one row per holiday (holiday_date)
-- materialized: view
-- Days on which the firm is closed.
-- not_null: holiday_date
with source as (
    select * from seeds.holidays
),

renamed as (
    select
        cast(nullif(trim(cast(holiday_date as varchar)), '') as date) as holiday_date,
        nullif(trim(cast(name as varchar)), '') as name
    from source
)

select * from renamed
