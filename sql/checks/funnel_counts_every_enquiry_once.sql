-- The funnel's leads are the leads and matters of Grow, each counted once.
-- severity: error
with funnel as (
    select coalesce(sum(leads), 0) as leads from intake.agg_funnel_month
),

matters as (
    select count(*) as rows from staging.stg_grow__matters
    where not is_deleted
),

leads as (
    select count(*) as rows
    from staging.stg_grow__inbox_leads as inbox
    left join staging.stg_grow__matters as grow_matters
        on grow_matters.inbox_lead_id = inbox.inbox_lead_id and not grow_matters.is_deleted
    where not inbox.is_deleted and grow_matters.grow_matter_id is null
)

select funnel.leads, matters.rows + leads.rows as enquiries
from funnel
cross join matters
cross join leads
where funnel.leads <> matters.rows + leads.rows
