-- grain: one row per user (user_email)
-- materialized: view
-- How many days a year a user works, and the hours that are expected.
-- not_null: user_email
with source as (
    select * from seeds.working_days
),

renamed as (
    select
        nullif(lower(trim(cast(user_email as varchar))), '') as user_email,
        cast(nullif(trim(cast(working_days_per_year as varchar)), '') as decimal(9, 2)) as working_days_per_year,
        cast(nullif(trim(cast(target_hours_per_month as varchar)), '') as decimal(9, 2)) as target_hours_per_month,
        cast(nullif(trim(cast(is_partner as varchar)), '') as boolean) as is_partner
    from source
)

select * from renamed
