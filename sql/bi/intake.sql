-- grain: one row per enquiry (intake_key)
-- materialized: view
-- Enquiries from lead to money, with the matter of Manage that came of them.
-- basis: cohort
-- needs: intake.fct_intake
select
    intake.*,
    matters.display_number,
    matters.client_name,
    matters.practice_area,
    matters.responsible_attorney
from intake.fct_intake as intake
left join core.dim_matter as matters on matters.matter_id = intake.manage_matter_id
