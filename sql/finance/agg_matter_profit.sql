-- grain: one row per matter (matter_id)
-- materialized: table
-- What each matter brought and cost so far, and what is still open on it.
-- basis: cohort
-- not_null: matter_id
-- relationships: matter_id -> core.dim_matter.matter_id [warn]
-- needs: core.dim_matter
-- needs: core.fct_activity.hours for hours, costed_hours, cost, contribution, margin_pct
-- needs: core.dim_user, core.dim_user.email for costed_hours, cost, contribution, margin_pct
-- needs: core.fct_activity.standard_amount for standard_value, realization
-- needs: core.fct_bill_line.net_amount, staging.stg_manage__activities.matter_id for billed,
--   billed_expenses, realization, budget_burn
-- needs: core.fct_bill_line.write_down, staging.stg_manage__activities.matter_id for write_downs
-- needs: core.fct_collection_line.net_amount, staging.stg_manage__activities.matter_id for
--   collected, collected_expenses, unrecovered_costs, contribution, margin_pct
-- needs: core.fct_activity.billable_amount, core.fct_activity.non_billable_amount for
--   unrecovered_costs, contribution, margin_pct
-- needs: finance.fct_wip_monthly.wip_amount for wip, budget_burn
-- needs: finance.fct_ar_monthly.balance for ar
-- needs: core.dim_matter.trust_balance for trust
-- needs: core.dim_matter.budget for budget, budget_burn
-- needs: core.dim_matter.budget_includes_expenses for budget_burn
-- column: standard_value: hours at the price of the entry, or at the user's rate if the fee is flat
-- column: collected: fees collected, before tax
-- column: cost: hours at cost rates; empty where hours have no cost rate, see costed_hours
-- column: unrecovered_costs: hard costs less what was collected for them
-- column: contribution: fees collected less cost and unrecovered hard costs
-- column: margin_pct: contribution by fees collected
-- column: realization: net fees billed by standard value
-- column: budget_burn: billed and in progress by budget, with expenses where the budget has them
with matters as (
    select * from core.dim_matter
),

work as (
    select
        matter_id,
        sum(case when is_time then hours else 0 end) as hours,
        sum(standard_amount) as standard_value,
        sum(
            case
                when activity_type = 'HardCostEntry' then billable_amount + non_billable_amount
                else 0
            end
        ) as hard_costs
    from core.fct_activity
    group by matter_id
),

costs as (
    select
        matter_id,
        case when count(*) = count(cost_amount) then sum(cost_amount) end as cost,
        sum(case when cost_amount is null then 0 else hours end) as costed_hours
    from intermediate.int_work__costs
    group by matter_id
),

billed as (
    select
        matter_id,
        sum(case when is_service then net_amount else 0 end) as billed_fees,
        sum(case when is_service then 0 else net_amount end) as billed_expenses,
        sum(coalesce(write_down, 0)) as write_downs,
        max(issued_date) as last_bill_date
    from core.fct_bill_line
    where is_approved
    group by matter_id
),

collected as (
    select
        collections.matter_id,
        sum(case when collections.is_service then collections.net_amount else 0 end)
            as collected_fees,
        sum(case when collections.is_service then 0 else collections.net_amount end)
            as collected_expenses,
        sum(
            case
                when activities.activity_type = 'HardCostEntry' then collections.net_amount
                else 0
            end
        ) as recovered_hard_costs
    from core.fct_collection_line as collections
    left join core.fct_activity as activities
        on activities.activity_id = collections.activity_id
    where collections.is_default and collections.is_cash
    group by collections.matter_id
),

wip as (
    select
        wip_rows.matter_id,
        sum(wip_rows.wip_fees) as wip_fees,
        sum(wip_rows.wip_costs) as wip_costs
    from finance.fct_wip_monthly as wip_rows
    where not wip_rows.is_closed
    group by wip_rows.matter_id
),

ar as (
    select matter_id, sum(balance) as ar from finance.fct_ar_monthly
    where not is_closed
    group by matter_id
),

joined as (
    select
        matters.matter_id,
        matters.display_number,
        matters.client_id,
        matters.practice_area,
        matters.billing_method,
        matters.responsible_attorney_id,
        matters.originating_attorney_id,
        matters.currency_id,
        matters.budget,
        matters.budget_includes_expenses,
        matters.trust_balance,
        coalesce(work.hours, 0) as hours,
        coalesce(costs.costed_hours, 0) as costed_hours,
        coalesce(work.standard_value, 0) as standard_value,
        coalesce(billed.billed_fees, 0) as billed_fees,
        coalesce(billed.billed_expenses, 0) as billed_expenses,
        coalesce(billed.write_downs, 0) as write_downs,
        billed.last_bill_date,
        coalesce(collected.collected_fees, 0) as collected_fees,
        coalesce(collected.collected_expenses, 0) as collected_expenses,
        case when costs.matter_id is null then 0 else costs.cost end as cost,
        coalesce(work.hard_costs, 0) - coalesce(collected.recovered_hard_costs, 0)
            as unrecovered_costs,
        coalesce(wip.wip_fees, 0) as wip_fees,
        coalesce(wip.wip_costs, 0) as wip_costs,
        coalesce(ar.ar, 0) as ar
    from matters
    left join work on work.matter_id = matters.matter_id
    left join costs on costs.matter_id = matters.matter_id
    left join billed on billed.matter_id = matters.matter_id
    left join collected on collected.matter_id = matters.matter_id
    left join wip on wip.matter_id = matters.matter_id
    left join ar on ar.matter_id = matters.matter_id
),

summed as (
    select
        *,
        collected_fees - cost - unrecovered_costs as contribution,
        billed_fees + wip_fees
        + case when budget_includes_expenses then billed_expenses + wip_costs else 0 end as burned
    from joined
)

select
    matter_id,
    display_number,
    client_id,
    practice_area,
    billing_method,
    responsible_attorney_id,
    originating_attorney_id,
    currency_id,
    cast(hours as decimal(18, 4)) as hours,
    cast(costed_hours as decimal(18, 4)) as costed_hours,
    cast(standard_value as decimal(18, 2)) as standard_value,
    cast(billed_fees as decimal(18, 2)) as billed,
    cast(billed_expenses as decimal(18, 2)) as billed_expenses,
    cast(collected_fees as decimal(18, 2)) as collected,
    cast(collected_expenses as decimal(18, 2)) as collected_expenses,
    cast(cost as decimal(18, 2)) as cost,
    cast(unrecovered_costs as decimal(18, 2)) as unrecovered_costs,
    cast(contribution as decimal(18, 2)) as contribution,
    cast(contribution as double) / nullif(cast(collected_fees as double), 0) as margin_pct,
    cast(billed_fees as double) / nullif(cast(standard_value as double), 0) as realization,
    cast(write_downs as decimal(18, 2)) as write_downs,
    cast(wip_fees + wip_costs as decimal(18, 2)) as wip,
    cast(ar as decimal(18, 2)) as ar,
    trust_balance as trust,
    budget,
    cast(burned as double) / nullif(cast(budget as double), 0) as budget_burn,
    last_bill_date,
    'clio_manage' as _source_system
from summed
