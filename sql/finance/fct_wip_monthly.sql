-- grain: one row per matter, user, currency and month-end with work in progress (matter_id,
--   user_id, currency_id, month_end)
-- materialized: table
-- Work in progress at each month-end and today, worked out anew from what is known now.
-- basis: as_of
-- not_null: month_end, as_of_date, wip_amount
-- relationships: matter_id -> core.dim_matter.matter_id [warn]
-- needs: intermediate.int_wip__month_ends, intermediate.int_wip__month_ends.currency_id
-- needs: intermediate.int_wip__month_ends.hours for wip_hours
-- needs: intermediate.int_wip__month_ends.amount for wip_fees, wip_costs, wip_amount,
--   on_draft_amount, age_0_30, age_31_60, age_61_90, age_91_plus
-- needs: staging.stg_manage__activities.is_on_bill for on_draft_amount
-- column: wip_fees: value of time entries
-- column: wip_costs: value of expenses
-- column: on_draft_amount: part of it that stands on a draft bill now
-- column: age_0_30: value of work at most 30 days old
with month_ends as (
    select * from intermediate.int_wip__month_ends
)

select
    matter_id,
    user_id,
    currency_id,
    month_end,
    max(as_of_date) as as_of_date,
    bool_or(is_closed) as is_closed,
    cast(sum(hours) as decimal(18, 4)) as wip_hours,
    cast(sum(case when is_time then amount else 0 end) as decimal(18, 2)) as wip_fees,
    cast(sum(case when is_time then 0 else amount end) as decimal(18, 2)) as wip_costs,
    cast(sum(amount) as decimal(18, 2)) as wip_amount,
    cast(sum(case when billing_status = 'on_draft' then amount else 0 end) as decimal(18, 2))
        as on_draft_amount,
    cast(sum(case when age_days <= 30 then amount else 0 end) as decimal(18, 2)) as age_0_30,
    cast(sum(case when age_days between 31 and 60 then amount else 0 end) as decimal(18, 2))
        as age_31_60,
    cast(sum(case when age_days between 61 and 90 then amount else 0 end) as decimal(18, 2))
        as age_61_90,
    cast(sum(case when age_days > 90 then amount else 0 end) as decimal(18, 2)) as age_91_plus,
    'clio_manage' as _source_system
from month_ends
group by matter_id, user_id, currency_id, month_end
