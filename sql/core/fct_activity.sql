-- grain: one row per time entry or expense (activity_id)
-- materialized: table
-- Work and expenses, without what was deleted.
-- basis: cohort
-- not_null: activity_id, activity_type, billing_status
-- relationships: matter_id -> core.dim_matter.matter_id [warn]
-- relationships: user_id -> core.dim_user.user_id [warn]
-- accepted: billing_status in (billed,on_draft,unbilled,non_billable,written_off)
-- needs: staging.stg_manage__activities, staging.stg_manage__activities.is_time,
--   staging.stg_manage__activities.work_date, staging.stg_manage__activities.user_id,
--   staging.stg_manage__activities.matter_id, staging.stg_manage__activities.is_non_billable
-- needs: intermediate.int_activities__billed, intermediate.int_activities__billed.billed_date for
--   billed_date
-- needs: staging.stg_manage__activities.is_non_billable for is_non_billable
-- needs: staging.stg_manage__activities.created_date for entry_lag_days
-- needs: staging.stg_manage__activities.billing_status for billing_status
-- needs: staging.stg_manage__activities_written_off for is_written_off
-- needs: staging.stg_manage__activities.rounded_hours, staging.stg_manage__activities.price,
--   staging.stg_manage__activities.is_flat_rate, staging.stg_manage__users.rate for
--   standard_amount
-- column: hours: hours worked, before rounding
-- column: rounded_hours: hours as they are billed
-- column: billable_amount: what the work is worth at its rate; nothing for non-billable work
-- column: billing_status: billed also where Clio says so and the bill is not known here
-- column: billed_date: when an approved bill with it was first issued
-- column: entry_lag_days: days from the work to its entry
-- column: standard_amount: hours at the price of the entry, or at the user's rate if the fee is
--   flat
with activities as (
    select * from staging.stg_manage__activities
    where not is_deleted
),

billed as (
    select * from intermediate.int_activities__billed
),

users as (
    select user_id, rate from staging.stg_manage__users
)

select
    activities.activity_id,
    activities.activity_type,
    activities.matter_id,
    activities.user_id,
    coalesce(billed.bill_id, activities.bill_id) as bill_id,
    activities.activity_description_id,
    activities.expense_category_id,
    activities.currency_id,
    case
        when billed.bill_id is not null then 'billed'
        when activities.is_written_off then 'written_off'
        else activities.billing_status
    end as billing_status,
    activities.hours,
    activities.rounded_hours,
    activities.price,
    activities.billable_amount,
    activities.non_billable_amount,
    case
        when not activities.is_time then cast(0 as decimal(18, 2))
        when activities.is_flat_rate
            then cast(activities.rounded_hours * coalesce(users.rate, 0) as decimal(18, 2))
        else cast(activities.rounded_hours * coalesce(activities.price, 0) as decimal(18, 2))
    end as standard_amount,
    activities.is_time,
    activities.is_flat_rate,
    activities.is_non_billable,
    activities.is_written_off,
    activities.is_redacted,
    activities.work_date,
    billed.billed_date,
    date_diff('day', activities.work_date, activities.created_date) as entry_lag_days,
    activities.created_at,
    activities._loaded_at,
    'clio_manage' as _source_system
from activities
left join billed on billed.activity_id = activities.activity_id
left join users on users.user_id = activities.user_id
