-- grain: one row per metric and year (metric, year)
-- materialized: view
-- Published figures to compare with; never a target.
-- not_null: metric
with source as (
    select * from seeds.benchmarks
),

renamed as (
    select
        nullif(trim(cast(metric as varchar)), '') as metric,
        cast(nullif(trim(cast(value as varchar)), '') as decimal(18, 4)) as value,
        cast(nullif(trim(cast(year as varchar)), '') as integer) as year,
        nullif(trim(cast(source as varchar)), '') as source
    from source
)

select * from renamed
