-- grain: one row per user (user_id)
-- materialized: table
-- Users of Manage with what the seeds say of them.
-- not_null: user_id, _loaded_at
-- needs: staging.stg_manage__users
-- needs: staging.stg_manage__users.email for working_days_per_year, target_hours
with users as (
    select * from staging.stg_manage__users
),

working_days as (
    select
        *,
        row_number() over (partition by lower(user_email) order by user_email) as place
    from seeds.working_days
),

settings as (
    select * from intermediate.int_settings__values
)

select
    users.user_id,
    users.name,
    users.email,
    users.subscription_type,
    users.job_title,
    users.rate,
    coalesce(working_days.working_days_per_year, settings.working_days_per_year)
        as working_days_per_year,
    working_days.target_hours_per_month as target_hours,
    coalesce(working_days.is_partner, lower(users.job_title) like '%partner%', false) as is_partner,
    users.is_enabled,
    users.is_deleted,
    users._loaded_at,
    'clio_manage' as _source_system
from users
cross join settings
left join working_days
    on lower(working_days.user_email) = lower(users.email) and working_days.place = 1
