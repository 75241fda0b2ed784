-- grain: one row per deadline (kind, record_id)
-- materialized: view
-- What is due, with the client and the attorney of the matter.
-- basis: as_of
-- needs: ops.rpt_deadlines
select
    deadlines.*,
    matters.client_name,
    matters.responsible_attorney
from ops.rpt_deadlines as deadlines
left join core.dim_matter as matters on matters.matter_id = deadlines.matter_id
