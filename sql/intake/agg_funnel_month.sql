-- grain: one row per month of the lead, source and matter type (lead_month, source, matter_type)
-- materialized: table
-- The funnel of each month's leads, with what they brought and cost.
-- basis: cohort
-- not_null: lead_month, source, leads
-- column: leads: enquiries of the month; each further stage counts those that came at least so far
-- column: spend: marketing money of the month for the source, on its first row alone
with intake as (
    select * from intake.fct_intake
),

spend as (
    select
        cast(date_trunc('month', month) as date) as lead_month,
        source,
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
    first_rows.lead_month,
    first_rows.source,
    first_rows.matter_type,
    first_rows.leads,
    first_rows.contacted,
    first_rows.consult_booked,
    first_rows.consult_held,
    first_rows.hired,
    first_rows.lost,
    first_rows.median_days_to_hire,
    cast(first_rows.collected as decimal(18, 2)) as collected,
    cast(case when first_rows.place = 1 then coalesce(spend.amount, 0) else 0 end as decimal(18, 2))
        as spend,
    cast(first_rows.hired as double) / nullif(first_rows.leads, 0) as hired_rate,
    'clio_grow' as _source_system
from first_rows
left join spend
    on spend.lead_month = first_rows.lead_month and spend.source = first_rows.source
