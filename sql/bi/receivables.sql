-- grain: one row per approved bill and month-end with something owed (bill_id, month_end)
-- materialized: view
-- Receivables with the names of clients, matters and attorneys.
-- basis: as_of
-- needs: finance.fct_ar_monthly
select
    receivables.*,
    clients.name as client_name,
    matters.display_number,
    matters.responsible_attorney,
    matters.originating_attorney
from finance.fct_ar_monthly as receivables
left join core.dim_contact as clients on clients.contact_id = receivables.client_id
left join core.dim_matter as matters on matters.matter_id = receivables.matter_id
