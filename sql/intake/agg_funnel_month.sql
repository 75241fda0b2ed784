-- grain: one row per month of the lead, source and matter type (lead_month, source, matter_type)
-- materialized: table
-- The funnel of each month's leads, with what they brought and cost.
-- basis: cohort
-- not_null: lead_month, source, leads
-- needs: intake.fct_intake, intake.fct_intake.lead_month
-- needs: intake.fct_intake, intake.fct_intake.lead_month for leads, contacted, consult_booked,
--   consult_held, hired, lost
-- needs: intake.fct_intake.stage for contacted, consult_booked, consult_held, hired, lost,
--   median_days_to_hire, hired_rate
-- needs: intake.fct_intake.days_to_hire for median_days_to_hire
-- needs: intake.fct_intake.collected for collected
-- needs: intake.fct_intake.matter_type, staging.stg_grow__matter_types.name,
--   staging.stg_grow__inbox_leads.matter_type_id, staging.stg_grow__inbox_leads.source_id,
--   staging.stg_grow__sources.name for median_days_to_hire, collected, hired_rate
-- needs: seeds.marketing_spend for spend
-- column: leads: enquiries of the month; each further stage counts those that came at least so far
-- column: spend: marketing money of the month for the source, on its first row alone; also where it
--   brought no enquiry
with intake as (
    select * from intake.fct_intake
),

spend as (
    select
        cast(date_trunc('month', month) as date) as lead_month,
        source,
        cast(1 as bigint) as place,
        sum(amount) as amount
    from seeds.marketing_spend
    group by date_trunc('month', month), source
),

counted as (
    select
        lead_month,
        source,
        coalesce(matter_type, '(none)') as matter_type,
        count(*) as leads,
        sum(case when is_contacted then 1 else 0 end) as contacted,
        sum(case when is_consult_booked then 1 else 0 end) as consult_booked,
        sum(case when is_consult_held then 1 else 0 end) as consult_held,
        sum(case when is_hired then 1 else 0 end) as hired,
        sum(case when is_lost then 1 else 0 end) as lost,
        median(days_to_hire) as median_days_to_hire,
        sum(collected) as collected
    from intake
    group by lead_month, source, coalesce(matter_type, '(none)')
),

first_rows as (
    select
        *,
        row_number() over (partition by lead_month, source order by matter_type) as place
    from counted
)

select
    coalesce(first_rows.lead_month, spend.lead_month) as lead_month,
    coalesce(first_rows.source, spend.source) as source,
    coalesce(first_rows.matter_type, '(none)') as matter_type,
    coalesce(first_rows.leads, 0) as leads,
    coalesce(first_rows.contacted, 0) as contacted,
    coalesce(first_rows.consult_booked, 0) as consult_booked,
    coalesce(first_rows.consult_held, 0) as consult_held,
    coalesce(first_rows.hired, 0) as hired,
    coalesce(first_rows.lost, 0) as lost,
    first_rows.median_days_to_hire,
    cast(coalesce(first_rows.collected, 0) as decimal(18, 2)) as collected,
    cast(coalesce(spend.amount, 0) as decimal(18, 2)) as spend,
    cast(first_rows.hired as double) / nullif(first_rows.leads, 0) as hired_rate,
    'clio_grow' as _source_system
from first_rows
full outer join spend
    on
        spend.lead_month = first_rows.lead_month
        and spend.source = first_rows.source
        and spend.place = first_rows.place
