-- grain: one row per user and month (user_id, month_start)
-- materialized: view
-- Timekeepers by month, with their names.
-- basis: cohort
-- needs: nothing
select
    users.name as timekeeper,
    users.job_title,
    users.is_partner,
    months.*
from finance.agg_timekeeper_month as months
left join core.dim_user as users on users.user_id = months.user_id
