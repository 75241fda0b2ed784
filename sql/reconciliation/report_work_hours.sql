-- what: unbilled hours of each matter against Clio's own report
-- level: 3
-- left: hours in the report work_in_progress
-- right: billable hours in the warehouse that are on no approved bill
-- unit: hours
-- tolerance: 0.01
-- reason: the report rounds to two places
-- severity: error
-- needs: raw_clio_manage.activities_written_off, input.report_work_in_progress, input.asked_on,
--   raw_clio_manage.activities, core.fct_activity, shared.known_matters,
--   staging.stg_manage__matters
with report as (
    select
        matter,
        sum(hours) as hours
    from report_work_in_progress
    group by matter
),

work as (
    select
        matters.number as matter,
        sum(case when activities.is_time then activities.rounded_hours else 0 end) as hours,
        sum(
            case
                when activities.is_time and activities.billing_status = 'on_draft'
                    then activities.rounded_hours
            end
        ) as on_draft
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
    coalesce(report.hours, 0) as left_value,
    coalesce(work.hours, 0) as right_value,
    'matters' as resource,
    matters.matter_id as record_id,
    case
        when matters.matter_id is null then 'missing in the warehouse'
        when matters.is_deleted then 'deleted'
        when abs(coalesce(report.hours, 0) - coalesce(work.hours, 0) + coalesce(work.on_draft, 0))
            <= 0.01 then 'draft state'
    end as cause
from report
full outer join matters on matters.number = report.matter
left join work on work.matter = matters.number
where report.matter is not null or coalesce(work.hours, 0) <> 0
