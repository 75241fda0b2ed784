-- grain: one row per user and month with work, a bill or a payment (user_id, month_start)
-- materialized: table
-- Hours and fees of timekeepers by month. Columns that end in _cohort place money in the month of
-- the work, those in _event in the month of the bill or of the payment.
-- basis: cohort
-- not_null: month_start
-- relationships: user_id -> core.dim_user.user_id [warn]
-- needs: nothing
-- needs: intermediate.int_timekeepers__months,
--   intermediate.int_timekeepers__months.available_hours for available_hours, untracked_hours,
--   utilization
-- needs: intermediate.int_timekeepers__months.target_hours for target_hours, target_gap
-- needs: core.fct_activity.hours for billable_hours, non_billable_hours, untracked_hours,
--   utilization, target_gap, effective_rate
-- needs: core.fct_activity.billable_amount for worked_amount, written_off_amount, realization
-- needs: core.fct_activity.is_written_off for written_off_amount
-- needs: core.fct_activity, core.fct_bill_line.write_down for written_down
-- needs: core.fct_activity, core.fct_bill_line.net_amount for billed_cohort, realization,
--   collection
-- needs: core.fct_bill_line.net_amount, staging.stg_manage__activities.user_id for billed_event
-- needs: core.fct_activity, core.fct_collection_line.net_amount for collected_cohort, collection,
--   effective_rate
-- needs: core.fct_collection_line.net_amount, staging.stg_manage__activities.user_id for
--   collected_event
-- column: available_hours: weekdays until today times hours of a day, by the user's working days
-- column: worked_amount: what billable time is worth
-- column: billed_cohort: approved bills for this month's work, after discounts and before tax
-- column: utilization: billable hours by available hours
-- column: realization: billed by worth of billable time, for this month's work
-- column: collection: collected by billed, for this month's work
-- column: effective_rate: fees collected for this month's work by hours worked
with activities as (
    select * from core.fct_activity
    where is_time
),

lines as (
    select * from core.fct_bill_line
    where is_approved and is_service
),

collections as (
    select * from core.fct_collection_line
    where is_default and is_cash and is_service
),

timekeepers as (
    select * from intermediate.int_timekeepers__months
),

work as (
    select
        user_id,
        cast(date_trunc('month', work_date) as date) as month_start,
        sum(case when is_non_billable then 0 else hours end) as billable_hours,
        sum(case when is_non_billable then hours else 0 end) as non_billable_hours,
        sum(billable_amount) as worked_amount,
        sum(case when is_written_off then billable_amount else 0 end) as written_off_amount
    from activities
    group by user_id, date_trunc('month', work_date)
),

billed_cohort as (
    select
        user_id,
        cast(date_trunc('month', coalesce(work_date, line_date)) as date) as month_start,
        sum(net_amount) as billed_cohort,
        sum(coalesce(write_down, 0)) as written_down
    from lines
    group by user_id, date_trunc('month', coalesce(work_date, line_date))
),

billed_event as (
    select
        user_id,
        cast(date_trunc('month', issued_date) as date) as month_start,
        sum(net_amount) as billed_event
    from lines
    group by user_id, date_trunc('month', issued_date)
),

collected_cohort as (
    select
        collections.user_id,
        cast(date_trunc('month', coalesce(collections.work_date, lines.line_date)) as date)
            as month_start,
        sum(collections.net_amount) as collected_cohort
    from collections
    inner join lines on lines.line_item_id = collections.line_item_id
    group by
        collections.user_id,
        date_trunc('month', coalesce(collections.work_date, lines.line_date))
),

collected_event as (
    select
        user_id,
        cast(date_trunc('month', paid_date) as date) as month_start,
        sum(net_amount) as collected_event
    from collections
    group by user_id, date_trunc('month', paid_date)
),

keys as (
    select user_id, month_start from work
    union
    select user_id, month_start from billed_cohort
    union
    select user_id, month_start from billed_event
    union
    select user_id, month_start from collected_cohort
    union
    select user_id, month_start from collected_event
),

joined as (
    select
        keys.user_id,
        keys.month_start,
        coalesce(timekeepers.available_hours, 0) as available_hours,
        timekeepers.target_hours,
        coalesce(work.billable_hours, 0) as billable_hours,
        coalesce(work.non_billable_hours, 0) as non_billable_hours,
        coalesce(work.worked_amount, 0) as worked_amount,
        coalesce(work.written_off_amount, 0) as written_off_amount,
        coalesce(billed_cohort.written_down, 0) as written_down,
        coalesce(billed_cohort.billed_cohort, 0) as billed_cohort,
        coalesce(collected_cohort.collected_cohort, 0) as collected_cohort,
        coalesce(billed_event.billed_event, 0) as billed_event,
        coalesce(collected_event.collected_event, 0) as collected_event
    from keys
    left join timekeepers
        on
            timekeepers.user_id is not distinct from keys.user_id
            and timekeepers.month_start = keys.month_start
    left join work
        on
            work.user_id is not distinct from keys.user_id
            and work.month_start = keys.month_start
    left join billed_cohort
        on
            billed_cohort.user_id is not distinct from keys.user_id
            and billed_cohort.month_start = keys.month_start
    left join collected_cohort
        on
            collected_cohort.user_id is not distinct from keys.user_id
            and collected_cohort.month_start = keys.month_start
    left join billed_event
        on
            billed_event.user_id is not distinct from keys.user_id
            and billed_event.month_start = keys.month_start
    left join collected_event
        on
            collected_event.user_id is not distinct from keys.user_id
            and collected_event.month_start = keys.month_start
    where keys.month_start is not null
)

select
    user_id,
    month_start,
    available_hours,
    cast(billable_hours as decimal(18, 4)) as billable_hours,
    cast(non_billable_hours as decimal(18, 4)) as non_billable_hours,
    cast(available_hours - billable_hours - non_billable_hours as decimal(18, 4))
        as untracked_hours,
    target_hours,
    cast(target_hours - billable_hours as decimal(18, 4)) as target_gap,
    cast(worked_amount as decimal(18, 2)) as worked_amount,
    cast(written_off_amount as decimal(18, 2)) as written_off_amount,
    cast(written_down as decimal(18, 2)) as written_down,
    cast(billed_cohort as decimal(18, 2)) as billed_cohort,
    cast(collected_cohort as decimal(18, 2)) as collected_cohort,
    cast(billed_event as decimal(18, 2)) as billed_event,
    cast(collected_event as decimal(18, 2)) as collected_event,
    cast(billable_hours as double) / nullif(cast(available_hours as double), 0) as utilization,
    cast(billed_cohort as double) / nullif(cast(worked_amount as double), 0) as realization,
    cast(collected_cohort as double) / nullif(cast(billed_cohort as double), 0) as collection,
    cast(collected_cohort as double)
    / nullif(cast(billable_hours + non_billable_hours as double), 0) as effective_rate,
    'clio_manage' as _source_system
from joined
