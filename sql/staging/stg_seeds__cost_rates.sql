-- grain: one row per user and first day (user_email, valid_from)
-- materialized: view
-- What an hour of a user costs the firm, from a day on.
-- not_null: user_email
with source as (
    select * from seeds.cost_rates
),

renamed as (
    select
        nullif(lower(trim(cast(user_email as varchar))), '') as user_email,
        cast(nullif(trim(cast(valid_from as varchar)), '') as date) as valid_from,
        cast(nullif(trim(cast(cost_per_hour as varchar)), '') as decimal(18, 2)) as cost_per_hour
    from source
)

select * from renamed
