-- what: unbilled amount of each matter
-- level: 2
-- left: amount that Clio counts as unbilled; whether work on drafts is in it is not documented
-- right: billable amounts in the warehouse that are on no bill, draft or approved
-- unit: money
-- tolerance: 0.00
-- reason: both are sums of entries, in cents
-- severity: warn
-- needs: shared.unbilled_work, raw_clio_manage.activities_written_off, input.as_of,
--   raw_clio_manage.billable_matters,
--   raw_clio_manage.activities, core.fct_activity, staging.stg_manage__activities,
--   staging.stg_manage__billable_matters,
--   staging.stg_manage__matters
select
    key,
    label,
    clio_amount as left_value,
    our_amount as right_value,
    resource,
    record_id,
    moved,
    cause
from unbilled_work
where is_listed or our_amount <> 0
