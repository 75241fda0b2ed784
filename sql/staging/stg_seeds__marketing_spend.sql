-- grain: one row per month and source (month, source)
-- materialized: view
-- What was spent on a marketing source.
-- not_null: month
with source as (
    select * from seeds.marketing_spend
),

renamed as (
    select
        cast(nullif(trim(cast(month as varchar)), '') as date) as month,
        nullif(trim(cast(source as varchar)), '') as source,
        cast(nullif(trim(cast(amount as varchar)), '') as decimal(18, 2)) as amount
    from source
)

select * from renamed
