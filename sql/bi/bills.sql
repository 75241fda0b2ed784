-- grain: one row per bill (bill_id)
-- materialized: view
-- Bills with the names of clients, matters and attorneys.
-- basis: event
-- needs: core.fct_bill
select
    bills.*,
    clients.name as client_name,
    matters.display_number,
    matters.practice_area,
    matters.responsible_attorney
from core.fct_bill as bills
left join core.dim_contact as clients on clients.contact_id = bills.client_id
left join core.dim_matter as matters on matters.matter_id = bills.matter_id
