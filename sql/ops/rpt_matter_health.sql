-- grain: one row per matter that is open or may still hold money (matter_id)
-- materialized: table
-- Which matters lie still, which could be closed, and what keeps closed ones from being so.
-- basis: as_of
-- not_null: matter_id, status, is_stale, is_closable
-- relationships: matter_id -> core.dim_matter.matter_id [warn]
-- needs: core.dim_matter
-- needs: intermediate.int_matters__touches, intermediate.int_matters__touches.touch_date,
--   core.dim_matter.open_date for idle_days, is_stale, is_closable
-- needs: core.dim_matter.status for is_stale, is_closable, blocked_reason
-- needs: staging.stg_manage__tasks, staging.stg_manage__tasks.matter_id,
--   staging.stg_manage__tasks.is_complete for open_tasks, is_closable
-- needs: staging.stg_manage__tasks, staging.stg_manage__tasks.matter_id,
--   staging.stg_manage__tasks.is_complete, staging.stg_manage__tasks.due_date,
--   staging.stg_manage__calendar_entries, staging.stg_manage__calendar_entries.matter_id,
--   staging.stg_manage__calendar_entries.entry_date for next_action_date, is_stale
-- needs: finance.agg_matter_profit.wip for wip, is_closable, blocked_reason
-- needs: finance.agg_matter_profit.ar, staging.stg_manage__bill_matters for ar, is_closable,
--   blocked_reason
-- needs: core.dim_matter.trust_balance for trust, is_closable, blocked_reason
-- column: idle_days: days since the last touch
-- column: next_action_date: the next open task or calendar entry
-- column: is_stale: open, untouched for the days of the settings, and nothing planned
-- column: ar: of bills that ask most for this matter
-- column: is_closable: open, untouched for longer, without work, trust money, open tasks or an unpaid
--   bill, be it one that it shares with other matters
-- column: blocked_reason: why a closed matter is not done with
with matters as (
    select * from core.dim_matter
    where not is_deleted
),

profit as (
    select matter_id, wip, ar, trust from finance.agg_matter_profit
),

indebted as (
    select distinct bill_matters.matter_id
    from finance.fct_ar_monthly as receivables
    inner join staging.stg_manage__bill_matters as bill_matters
        on bill_matters.bill_id = receivables.bill_id
    where not receivables.is_closed
),

today as (
    select * from intermediate.int_calendar__today
),

settings as (
    select * from intermediate.int_settings__values
),

ranked_touches as (
    select
        *,
        row_number() over (
            partition by matter_id order by touch_date desc, touch_source
        ) as place
    from intermediate.int_matters__touches
),

open_tasks as (
    select matter_id, count(*) as open_tasks
    from staging.stg_manage__tasks
    where not is_deleted and not is_complete
    group by matter_id
),

planned_tasks as (
    select tasks.matter_id, min(tasks.due_date) as action_date
    from staging.stg_manage__tasks as tasks
    cross join today
    where not tasks.is_deleted and not tasks.is_complete and tasks.due_date >= today.today
    group by tasks.matter_id
),

planned_entries as (
    select entries.matter_id, min(entries.entry_date) as action_date
    from staging.stg_manage__calendar_entries as entries
    cross join today
    where not entries.is_deleted and entries.entry_date >= today.today
    group by entries.matter_id
),

joined as (
    select
        matters.*,
        ranked_touches.touch_date as last_touch,
        ranked_touches.touch_source,
        coalesce(
            least(planned_tasks.action_date, planned_entries.action_date),
            planned_tasks.action_date,
            planned_entries.action_date
        ) as next_action_date,
        date_diff(
            'day',
            coalesce(ranked_touches.touch_date, matters.open_date, today.today),
            today.today
        ) as idle_days,
        coalesce(open_tasks.open_tasks, 0) as open_tasks,
        coalesce(profit.wip, 0) as wip,
        coalesce(profit.ar, 0) as ar,
        coalesce(profit.ar, 0) <> 0 or indebted.matter_id is not null as is_indebted,
        coalesce(profit.trust, 0) as trust,
        profit.matter_id is not null
        and (profit.wip is null or profit.ar is null or profit.trust is null) as is_doubtful
    from matters
    cross join today
    left join ranked_touches
        on ranked_touches.matter_id = matters.matter_id and ranked_touches.place = 1
    left join open_tasks on open_tasks.matter_id = matters.matter_id
    left join planned_tasks on planned_tasks.matter_id = matters.matter_id
    left join planned_entries on planned_entries.matter_id = matters.matter_id
    left join profit on profit.matter_id = matters.matter_id
    left join indebted on indebted.matter_id = matters.matter_id
)

select
    joined.matter_id,
    joined.display_number,
    joined.client_id,
    joined.responsible_attorney_id,
    joined.status,
    joined.stage,
    joined.stage_days,
    joined.last_touch,
    joined.touch_source,
    joined.next_action_date,
    joined.idle_days,
    joined.open_tasks,
    joined.currency_id,
    joined.wip,
    joined.ar,
    joined.trust,
    joined.status = 'Open'
    and joined.idle_days >= settings.stale_days
    and joined.next_action_date is null as is_stale,
    joined.status = 'Open'
    and joined.idle_days >= settings.closable_days
    and joined.wip = 0
    and not joined.is_indebted
    and joined.trust = 0
    and joined.open_tasks = 0 as is_closable,
    case
        when joined.status = 'Closed'
            then nullif(
                concat_ws(
                    ',',
                    case when joined.wip <> 0 then 'wip' end,
                    case when joined.is_indebted then 'ar' end,
                    case when joined.trust <> 0 then 'trust' end
                ), ''
            )
    end as blocked_reason,
    'clio_manage' as _source_system
from joined
cross join settings
where
    joined.status <> 'Closed'
    or joined.wip <> 0
    or joined.is_indebted
    or joined.trust <> 0
    or joined.is_doubtful
