-- grain: one row per lead, or matter of Grow with its lead (intake_key)
-- materialized: table
-- Each enquiry from lead to money: one row for a lead and the matter that came of it.
-- basis: cohort
-- not_null: intake_key, lead_date, stage, stage_rank
-- accepted: stage in (lead,contacted,consult_booked,consult_held,hired,lost)
-- needs: staging.stg_grow__matters, staging.stg_grow__inbox_leads
-- needs: staging.stg_grow__inbox_leads.created_date, staging.stg_grow__matters.created_date for
--   lead_date, lead_month, days_to_hire
-- needs: staging.stg_grow__matters.status, staging.stg_grow__matters.status_category for stage,
--   stage_rank, days_to_hire, is_contacted, is_consult_booked, is_consult_held, is_hired, is_lost
-- needs: staging.stg_grow__matters.hired_date, staging.stg_grow__matters.updated_date for
--   days_to_hire
-- needs: core.xref_grow_manage, intermediate.int_grow_links__candidates,
--   intermediate.int_grow_links__candidates.score, staging.stg_manage__matters,
--   staging.stg_manage__activities.matter_id, core.fct_collection_line.net_amount for collected
-- column: intake_key: matter or lead with its id in Grow
-- column: lead_date: the day of the lead, or of the matter where it had none
-- column: stage_rank: the furthest stage, 1 lead, 2 contacted, 3 booked, 4 held, 5 hired
-- column: collected: cash collected on the linked matter of Manage, before tax; of several enquiries
--   that lead to one matter the first has it
with leads as (
    select * from staging.stg_grow__inbox_leads
    where not is_deleted
),

sightings as (
    select * from staging.stg_grow__inbox_lead_sightings
),

grow_matters as (
    select * from staging.stg_grow__matters
    where not is_deleted
),

stages as (
    select * from intermediate.int_intake__stages
),

sources as (
    select source_id, name from staging.stg_grow__sources
),

matter_types as (
    select matter_type_id, name from staging.stg_grow__matter_types
),

links as (
    select
        grow_id,
        manage_id,
        row_number() over (partition by manage_id order by grow_id) as place
    from core.xref_grow_manage
    where grow_kind = 'matter' and status = 'linked'
),

collected as (
    select matter_id, sum(net_amount) as collected
    from core.fct_collection_line
    where is_default and is_cash
    group by matter_id
),

first_bills as (
    select matter_id, min(issued_date) as first_bill_date from core.fct_bill
    where is_revenue
    group by matter_id
),

enquiries as (
    select
        concat('matter:', cast(grow_matters.grow_matter_id as varchar)) as intake_key,
        grow_matters.grow_matter_id,
        coalesce(leads.inbox_lead_id, grow_matters.inbox_lead_id) as inbox_lead_id,
        grow_matters.grow_contact_id,
        'accepted' as lead_state,
        least(leads.created_date, grow_matters.created_date) as lead_date,
        leads.source_id,
        grow_matters.matter_type,
        grow_matters.status,
        grow_matters.status_category,
        grow_matters.hired_date
    from grow_matters
    left join leads on leads.inbox_lead_id = grow_matters.inbox_lead_id
    union all
    select
        concat('lead:', cast(leads.inbox_lead_id as varchar)) as intake_key,
        cast(null as bigint) as grow_matter_id,
        leads.inbox_lead_id,
        cast(null as bigint) as grow_contact_id,
        leads.state as lead_state,
        leads.created_date as lead_date,
        leads.source_id,
        matter_types.name as matter_type,
        cast(null as varchar) as status,
        cast(null as varchar) as status_category,
        cast(null as date) as hired_date
    from leads
    left join matter_types on matter_types.matter_type_id = leads.matter_type_id
    left join grow_matters on grow_matters.inbox_lead_id = leads.inbox_lead_id
    where grow_matters.grow_matter_id is null
),

placed as (
    select
        enquiries.*,
        coalesce(stages.stage_rank, 1) as stage_rank,
        case
            when enquiries.lead_state = 'ignored' then 'lost'
            else coalesce(stages.stage, 'lead')
        end as stage,
        stages.contacted_date,
        stages.consult_date,
        stages.lost_date,
        coalesce(enquiries.hired_date, stages.hired_date) as hired_day
    from enquiries
    left join stages on stages.grow_matter_id = enquiries.grow_matter_id
)

select
    placed.intake_key,
    placed.inbox_lead_id,
    placed.grow_matter_id,
    placed.grow_contact_id,
    links.manage_id as manage_matter_id,
    coalesce(sources.name, '(unknown)') as source,
    placed.matter_type,
    placed.status,
    placed.stage,
    placed.stage_rank,
    placed.lead_date,
    cast(date_trunc('month', placed.lead_date) as date) as lead_month,
    placed.contacted_date,
    placed.consult_date,
    case when placed.stage_rank = 5 then placed.hired_day end as hired_date,
    placed.lost_date,
    case
        when placed.stage_rank = 5
            then date_diff('day', placed.lead_date, placed.hired_day)
    end as days_to_hire,
    placed.stage_rank >= 2 as is_contacted,
    placed.stage_rank >= 3 as is_consult_booked,
    placed.stage_rank >= 4 as is_consult_held,
    placed.stage_rank >= 5 as is_hired,
    placed.stage = 'lost' as is_lost,
    first_bills.first_bill_date,
    cast(coalesce(collected.collected, 0) as decimal(18, 2)) as collected,
    sightings.last_seen_at as lead_last_seen_at,
    'clio_grow' as _source_system
from placed
left join sightings on sightings.inbox_lead_id = placed.inbox_lead_id
left join sources on sources.source_id = placed.source_id
left join links on links.grow_id = placed.grow_matter_id
left join collected on collected.matter_id = links.manage_id and links.place = 1
left join first_bills on first_bills.matter_id = links.manage_id
