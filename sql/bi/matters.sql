-- grain: one row per matter (matter_id)
-- materialized: view
-- Matters with what they brought, what is open on them and how they stand.
-- basis: cohort
-- needs: core.dim_matter
select
    matters.matter_id,
    matters.display_number,
    matters.description,
    matters.client_name,
    matters.status,
    matters.practice_area,
    matters.stage,
    matters.stage_days,
    matters.responsible_attorney,
    matters.originating_attorney,
    matters.billing_method,
    matters.open_date,
    matters.close_date,
    matters.currency_id,
    profit.hours,
    profit.standard_value,
    profit.billed,
    profit.collected,
    profit.cost,
    profit.contribution,
    profit.margin_pct,
    profit.realization,
    profit.write_downs,
    profit.wip,
    profit.ar,
    profit.trust,
    profit.budget,
    profit.budget_burn,
    health.last_touch,
    health.next_action_date,
    health.idle_days,
    health.is_stale,
    health.is_closable,
    health.blocked_reason
from core.dim_matter as matters
left join finance.agg_matter_profit as profit on profit.matter_id = matters.matter_id
left join ops.rpt_matter_health as health on health.matter_id = matters.matter_id
where not matters.is_deleted
