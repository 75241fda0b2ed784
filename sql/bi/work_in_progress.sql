-- grain: one row per matter, user, currency and month-end (matter_id, user_id, currency_id,
--   month_end)
-- materialized: view
-- Work in progress with the names of matters, clients and timekeepers.
-- basis: as_of
-- needs: finance.fct_wip_monthly
select
    wip.*,
    users.name as timekeeper,
    matters.display_number,
    matters.client_name,
    matters.practice_area,
    matters.responsible_attorney
from finance.fct_wip_monthly as wip
left join core.dim_user as users on users.user_id = wip.user_id
left join core.dim_matter as matters on matters.matter_id = wip.matter_id
