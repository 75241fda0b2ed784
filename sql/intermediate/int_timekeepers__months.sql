-- grain: one row per user and month with a time entry (user_id, month_start)
-- materialized: view
-- Timekeepers: who wrote time, billable or not, in a month, and the hours that they had. Hours
-- of a month are its weekdays until today, times the hours of a day, by the share of a full year
-- that the user works.
-- needs: core.fct_activity, core.dim_user.working_days_per_year for available_hours
-- needs: core.dim_user.target_hours for target_hours
with activities as (
    select * from core.fct_activity
),

days as (
    select * from core.dim_date
),

users as (
    select * from core.dim_user
),

settings as (
    select * from intermediate.int_settings__values
),

today as (
    select * from intermediate.int_calendar__today
),

timekeepers as (
    select
        user_id,
        cast(date_trunc('month', work_date) as date) as month_start
    from activities
    where is_time and user_id is not null
    group by user_id, date_trunc('month', work_date)
),

weekdays as (
    select
        days.month_start,
        sum(case when days.is_weekday then 1 else 0 end) as weekdays
    from days
    inner join today on days.calendar_date <= today.today
    group by days.month_start
)

select
    timekeepers.user_id,
    timekeepers.month_start,
    cast(
        coalesce(weekdays.weekdays, 0) * settings.hours_per_day * users.working_days_per_year
        / settings.working_days_per_year as decimal(18, 4)
    ) as available_hours,
    users.target_hours
from timekeepers
cross join settings
left join weekdays on weekdays.month_start = timekeepers.month_start
left join users on users.user_id = timekeepers.user_id
