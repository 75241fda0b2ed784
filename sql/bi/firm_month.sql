-- grain: one row per month (month_start)
-- materialized: view
-- The firm by month. Hours, worth, billed and collected of the month's work (_cohort), billed and
-- collected in the month (_event), work in progress and receivables at its end.
-- basis: cohort
-- needs: nothing
-- column: utilization: billable hours by available hours
-- column: realization: billed by worth of billable time, for the month's work
-- column: collection: collected by billed, for the month's work
-- column: wip: work in progress at the month's end, or today
-- column: ar: receivables at the month's end, or today
with timekeepers as (
    select
        month_start,
        sum(available_hours) as available_hours,
        sum(billable_hours) as billable_hours,
        sum(non_billable_hours) as non_billable_hours,
        sum(worked_amount) as worked_amount,
        sum(billed_cohort) as billed_cohort,
        sum(collected_cohort) as collected_cohort,
        sum(billed_event) as billed_event,
        sum(collected_event) as collected_event
    from finance.agg_timekeeper_month
    group by month_start
),

lockup as (
    select
        cast(date_trunc('month', month_end) as date) as month_start,
        sum(wip) as wip,
        sum(ar) as ar,
        sum(fy_collections) as fy_collections
    from finance.agg_lockup_month
    group by date_trunc('month', month_end)
),

months as (
    select month_start from timekeepers
    union
    select month_start from lockup
)

select
    months.month_start,
    timekeepers.available_hours,
    timekeepers.billable_hours,
    timekeepers.non_billable_hours,
    timekeepers.worked_amount,
    timekeepers.billed_cohort,
    timekeepers.collected_cohort,
    timekeepers.billed_event,
    timekeepers.collected_event,
    cast(timekeepers.billable_hours as double)
    / nullif(cast(timekeepers.available_hours as double), 0) as utilization,
    cast(timekeepers.billed_cohort as double)
    / nullif(cast(timekeepers.worked_amount as double), 0) as realization,
    cast(timekeepers.collected_cohort as double)
    / nullif(cast(timekeepers.billed_cohort as double), 0) as collection,
    lockup.wip,
    lockup.ar,
    365 * cast(lockup.wip + lockup.ar as double)
    / nullif(cast(lockup.fy_collections as double), 0) as total_lockup_days
from months
left join timekeepers on timekeepers.month_start = months.month_start
left join lockup on lockup.month_start = months.month_start
