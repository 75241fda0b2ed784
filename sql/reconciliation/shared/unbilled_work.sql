-- Work that stands on no bill by matter, as Clio counts it and as the warehouse does: of every
-- matter that either of them has such work of.
with work as (
    select
        matter_id,
        sum(billable_amount) as amount,
        sum(case when is_time then rounded_hours else 0 end) as hours
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
    clio.matter_id is not null as is_listed,
    coalesce(clio.unbilled_amount, 0) as clio_amount,
    coalesce(clio.unbilled_hours, 0) as clio_hours,
    coalesce(work.amount, 0) as our_amount,
    coalesce(work.hours, 0) as our_hours,
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
