-- grain: one row per time entry or expense (activity_id)
-- materialized: view
-- Work with the names of timekeepers, clients and matters.
-- basis: cohort
-- needs: core.fct_activity
select
    activities.*,
    users.name as timekeeper,
    matters.display_number,
    matters.client_name,
    matters.practice_area,
    matters.responsible_attorney
from core.fct_activity as activities
left join core.dim_user as users on users.user_id = activities.user_id
left join core.dim_matter as matters on matters.matter_id = activities.matter_id
