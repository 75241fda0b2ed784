-- what: work in progress of each matter against Clio's own report
-- level: 3
-- left: amount in the report work_in_progress
-- right: billable work in the warehouse that is on no approved bill
-- unit: money
-- tolerance: 0.00
-- reason: both are sums of entries, in cents
-- severity: error
-- needs: raw_clio_manage.activities_written_off, input.report_work_in_progress, input.asked_on,
--   raw_clio_manage.activities, core.fct_activity, shared.known_matters,
--   staging.stg_manage__matters
with report as (
    select
        matter,
        sum(amount) as amount
    from report_work_in_progress
    group by matter
),

work as (
    select
        matters.number as matter,
        sum(activities.billable_amount) as amount,
        sum(case when activities.billing_status = 'on_draft' then activities.billable_amount end)
            as on_draft
    from core.fct_activity as activities
    inner join known_matters as matters on matters.matter_id = activities.matter_id
    cross join asked_on
    where
        activities.billing_status in ('unbilled', 'on_draft')
        and activities.work_date <= asked_on.today
    group by matters.number
),

matters as (
    select * from known_matters
    where has_number
)

select
    concat('matter:', coalesce(cast(matters.matter_id as varchar), md5(report.matter))) as key,
    coalesce(report.matter, matters.number) as label,
    coalesce(report.amount, 0) as left_value,
    coalesce(work.amount, 0) as right_value,
    'matters' as resource,
    matters.matter_id as record_id,
    case
        when matters.matter_id is null then 'missing in the warehouse'
        when matters.is_deleted then 'deleted'
        when coalesce(report.amount, 0) = coalesce(work.amount, 0) - coalesce(work.on_draft, 0)
            then 'draft state'
    end as cause
from report
full outer join matters on matters.number = report.matter
left join work on work.matter = matters.number
where report.matter is not null or coalesce(work.amount, 0) <> 0
