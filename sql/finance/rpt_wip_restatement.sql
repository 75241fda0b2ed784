-- grain: one row per activity, frozen month, cause and currency (activity_id, month_end, cause,
--   currency_id)
-- materialized: table
-- The walk from the work in progress frozen at a month-end to what is known of that day now. The
-- frozen amounts and the changes by cause sum to the present amount.
-- basis: as_of
-- not_null: activity_id, month_end, cause, amount
-- accepted: cause in (frozen,entry deleted,entry appeared,amount changed,written off,
--   made non-billable,billed before,date moved)
-- needs: intermediate.int_wip__intervals, intermediate.int_wip__intervals.amount,
--   intermediate.int_wip__intervals.currency_id
-- column: activity_id: 0 in the rows of what was frozen, of which there is one for a month
-- column: cause: frozen is the start of the walk; billed before means that the bill is dated
--   earlier than was known
with frozen_months as (
    select * from finance.fct_wip_frozen
),

frozen as (
    select * from frozen_months
    where activity_id <> 0
),

months as (
    select distinct month_end from frozen_months
),

present as (
    select intervals.*, months.month_end
    from months
    inner join intermediate.int_wip__intervals as intervals
        on
            intervals.from_date <= months.month_end
            and (intervals.until_date is null or intervals.until_date > months.month_end)
),

activities as (
    select * from core.fct_activity
),

changes as (
    select
        frozen.*,
        present.activity_id is null as is_gone,
        present.amount - frozen.amount as amount_change,
        case
            when activities.activity_id is null then 'entry deleted'
            when activities.is_non_billable then 'made non-billable'
            when activities.is_written_off then 'written off'
            when activities.work_date > frozen.month_end then 'date moved'
            else 'billed before'
        end as reason
    from frozen
    left join present
        on present.activity_id = frozen.activity_id and present.month_end = frozen.month_end
    left join activities on activities.activity_id = frozen.activity_id
),

causes as (
    select
        0 as activity_id,
        month_end,
        cast(null as bigint) as matter_id,
        cast(null as bigint) as user_id,
        currency_id,
        'frozen' as cause,
        sum(amount) as amount
    from frozen
    group by month_end, currency_id
    union all
    select activity_id, month_end, matter_id, user_id, currency_id, reason, -amount
    from changes
    where is_gone
    union all
    select activity_id, month_end, matter_id, user_id, currency_id, 'amount changed', amount_change
    from changes
    where amount_change <> 0
    union all
    select
        present.activity_id,
        present.month_end,
        present.matter_id,
        present.user_id,
        present.currency_id,
        'entry appeared',
        present.amount
    from present
    left join frozen
        on frozen.activity_id = present.activity_id and frozen.month_end = present.month_end
    where frozen.activity_id is null
)

select
    activity_id,
    month_end,
    matter_id,
    user_id,
    currency_id,
    cause,
    cast(amount as decimal(18, 2)) as amount,
    'clio_manage' as _source_system
from causes
