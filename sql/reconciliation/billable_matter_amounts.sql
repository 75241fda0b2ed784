-- what: unbilled amount of each matter
-- level: 2
-- left: amount that Clio counts as unbilled; whether work on drafts is in it is not documented
-- right: billable amounts in the warehouse that are on no bill, draft or approved
-- unit: money
-- tolerance: 0.00
-- reason: both are sums of entries, in cents
-- severity: warn
-- needs: raw_clio_manage.activities_written_off, input.as_of, raw_clio_manage.billable_matters,
--   raw_clio_manage.activities, core.fct_activity, staging.stg_manage__activities,
--   staging.stg_manage__billable_matters,
--   staging.stg_manage__matters
with work as (
    select
        matter_id,
        sum(billable_amount) as amount
    from core.fct_activity
    where billing_status = 'unbilled' and matter_id is not null
    group by matter_id
),

changed as (
    select matter_id, max(updated_at) as updated_at
    from staging.stg_manage__activities
    group by matter_id
),

clio as (
    select * from staging.stg_manage__billable_matters
    where not is_deleted
)

select
    concat('matter:', coalesce(clio.matter_id, work.matter_id)) as key,
    coalesce(matters.display_number, concat('matter ', coalesce(clio.matter_id, work.matter_id))) as label,
    coalesce(clio.unbilled_amount, 0) as left_value,
    coalesce(work.amount, 0) as right_value,
    'matters' as resource,
    coalesce(clio.matter_id, work.matter_id) as record_id,
    coalesce(
        changed.updated_at > (select complete_at from as_of where resource = 'billable_matters'), false
    ) as moved,
    case
        when matters.matter_id is null then 'missing in the warehouse'
        when matters.is_deleted then 'deleted'
    end as cause
from clio
full outer join work on work.matter_id = clio.matter_id
left join staging.stg_manage__matters as matters
    on matters.matter_id = coalesce(clio.matter_id, work.matter_id)
left join changed on changed.matter_id = coalesce(clio.matter_id, work.matter_id)
where clio.matter_id is not null or coalesce(work.amount, 0) <> 0
