-- grain: one row per activity (activity_id)
-- materialized: view
-- What work cost the firm: hours at the cost rate of the user on that day, billed or not. Without
-- a cost rate the cost is not known and left empty.
with activities as (
    select * from core.fct_activity
    where is_time
),

users as (
    select user_id, lower(email) as email from core.dim_user
),

rates as (
    select
        lower(user_email) as user_email,
        cost_per_hour,
        valid_from,
        lead(valid_from) over (partition by lower(user_email) order by valid_from) as valid_to
    from seeds.cost_rates
)

select
    activities.activity_id,
    activities.matter_id,
    activities.hours,
    cast(
        case when activities.hours = 0 then 0 else activities.hours * rates.cost_per_hour end
        as decimal(18, 2)
    ) as cost_amount
from activities
left join users on users.user_id = activities.user_id
left join rates
    on
        rates.user_email = users.email
        and activities.work_date >= rates.valid_from
        and (rates.valid_to is null or activities.work_date < rates.valid_to)
