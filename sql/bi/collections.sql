-- grain: one row per allocation and line of its bill, by the firm's method (allocation_id,
--   line_item_id)
-- materialized: view
-- Payments spread over the lines of bills, with names.
-- basis: event
-- needs: core.fct_collection_line
select
    collections.*,
    users.name as timekeeper,
    clients.name as client_name,
    matters.display_number,
    matters.practice_area,
    matters.responsible_attorney,
    matters.originating_attorney
from core.fct_collection_line as collections
left join core.dim_user as users on users.user_id = collections.user_id
left join core.dim_contact as clients on clients.contact_id = collections.client_id
left join core.dim_matter as matters on matters.matter_id = collections.matter_id
where collections.is_default
