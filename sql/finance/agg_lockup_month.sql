-- grain: one row per month-end, practice area and currency (month_end, practice_area, currency_id)
-- materialized: table
-- How many days of collections are tied up in work that is not billed and bills that are not paid.
-- basis: as_of
-- not_null: month_end, practice_area, wip, ar
-- needs: core.dim_matter, finance.fct_wip_monthly.currency_id, finance.fct_ar_monthly.currency_id,
--   core.fct_allocation.currency_id, core.fct_bill.currency_id,
--   staging.stg_manage__matters.practice_area_id, staging.stg_manage__practice_areas.name
-- needs: finance.fct_wip_monthly.wip_amount for wip, realization_lockup_days,
--   total_lockup_days, operating_lockup_days
-- needs: finance.fct_ar_monthly.balance for ar, collection_lockup_days, total_lockup_days,
--   operating_lockup_days, dso
-- needs: core.fct_allocation.amount for ttm_collections, fy_collections,
--   realization_lockup_days, collection_lockup_days, total_lockup_days, operating_lockup_days
-- needs: core.fct_bill.total for ttm_billed, dso
-- column: ttm_collections: payments of the twelve months up to the month-end, or up to today
-- column: fy_collections: payments of the fiscal year before the one of the month-end
-- column: realization_lockup_days: work in progress by last fiscal year's collections times 365
-- column: collection_lockup_days: receivables by last fiscal year's collections times 365
-- column: operating_lockup_days: both by the twelve months' collections times 365
-- column: dso: receivables by what was billed in the twelve months times 365
with months as (
    select
        month_ends.month_end,
        month_ends.as_of_date,
        cast(month_ends.as_of_date + interval 1 day - interval 12 month as date) as trailing_from,
        month_ends.is_closed,
        days.fiscal_year
    from intermediate.int_calendar__month_ends as month_ends
    inner join core.dim_date as days on days.calendar_date = month_ends.as_of_date
),

matters as (
    select matter_id, coalesce(practice_area, '(none)') as practice_area from core.dim_matter
),

wip as (
    select
        wip_rows.month_end,
        coalesce(matters.practice_area, '(none)') as practice_area,
        wip_rows.currency_id,
        sum(wip_rows.wip_amount) as wip
    from finance.fct_wip_monthly as wip_rows
    left join matters on matters.matter_id = wip_rows.matter_id
    group by wip_rows.month_end, coalesce(matters.practice_area, '(none)'), wip_rows.currency_id
),

ar as (
    select
        month_end,
        coalesce(practice_area, '(none)') as practice_area,
        currency_id,
        sum(balance) as ar
    from finance.fct_ar_monthly
    group by month_end, coalesce(practice_area, '(none)'), currency_id
),

collected as (
    select
        allocations.allocation_date as paid_date,
        coalesce(matters.practice_area, '(none)') as practice_area,
        allocations.currency_id,
        sum(allocations.amount) as collected
    from core.fct_allocation as allocations
    left join matters on matters.matter_id = allocations.matter_id
    where allocations.is_cash and not allocations.is_voided
    group by
        allocations.allocation_date,
        coalesce(matters.practice_area, '(none)'),
        allocations.currency_id
),

billed as (
    select
        bills.issued_date,
        coalesce(matters.practice_area, '(none)') as practice_area,
        bills.currency_id,
        sum(bills.total) as billed
    from core.fct_bill as bills
    left join matters on matters.matter_id = bills.matter_id
    where bills.is_revenue
    group by
        bills.issued_date,
        coalesce(matters.practice_area, '(none)'),
        bills.currency_id
),

collected_years as (
    select
        days.fiscal_year,
        collected.practice_area,
        collected.currency_id,
        sum(collected.collected) as collected
    from collected
    inner join core.dim_date as days on days.calendar_date = collected.paid_date
    group by days.fiscal_year, collected.practice_area, collected.currency_id
),

parts as (
    select practice_area, currency_id from wip
    union
    select practice_area, currency_id from ar
    union
    select practice_area, currency_id from collected
    union
    select practice_area, currency_id from billed
),

trailing_collections as (
    select
        months.month_end,
        collected.practice_area,
        collected.currency_id,
        sum(collected.collected) as collected
    from months
    inner join collected
        on
            collected.paid_date >= months.trailing_from
            and collected.paid_date <= months.as_of_date
    group by months.month_end, collected.practice_area, collected.currency_id
),

trailing_bills as (
    select
        months.month_end,
        billed.practice_area,
        billed.currency_id,
        sum(billed.billed) as billed
    from months
    inner join billed
        on
            billed.issued_date >= months.trailing_from
            and billed.issued_date <= months.as_of_date
    group by months.month_end, billed.practice_area, billed.currency_id
),

joined as (
    select
        months.month_end,
        months.is_closed,
        parts.practice_area,
        parts.currency_id,
        coalesce(wip.wip, 0) as wip,
        coalesce(ar.ar, 0) as ar,
        coalesce(trailing_collections.collected, 0) as ttm_collections,
        coalesce(trailing_bills.billed, 0) as ttm_billed,
        coalesce(collected_years.collected, 0) as fy_collections
    from months
    cross join parts
    left join wip
        on
            wip.month_end = months.month_end
            and wip.practice_area = parts.practice_area
            and wip.currency_id is not distinct from parts.currency_id
    left join ar
        on
            ar.month_end = months.month_end
            and ar.practice_area = parts.practice_area
            and ar.currency_id is not distinct from parts.currency_id
    left join trailing_collections
        on
            trailing_collections.month_end = months.month_end
            and trailing_collections.practice_area = parts.practice_area
            and trailing_collections.currency_id is not distinct from parts.currency_id
    left join trailing_bills
        on
            trailing_bills.month_end = months.month_end
            and trailing_bills.practice_area = parts.practice_area
            and trailing_bills.currency_id is not distinct from parts.currency_id
    left join collected_years
        on
            collected_years.fiscal_year = months.fiscal_year - 1
            and collected_years.practice_area = parts.practice_area
            and collected_years.currency_id is not distinct from parts.currency_id
)

select
    month_end,
    is_closed,
    practice_area,
    currency_id,
    cast(wip as decimal(18, 2)) as wip,
    cast(ar as decimal(18, 2)) as ar,
    cast(ttm_collections as decimal(18, 2)) as ttm_collections,
    cast(ttm_billed as decimal(18, 2)) as ttm_billed,
    cast(fy_collections as decimal(18, 2)) as fy_collections,
    365 * cast(wip as double) / nullif(cast(fy_collections as double), 0)
        as realization_lockup_days,
    365 * cast(ar as double) / nullif(cast(fy_collections as double), 0) as collection_lockup_days,
    365 * cast(wip + ar as double) / nullif(cast(fy_collections as double), 0) as total_lockup_days,
    365 * cast(wip + ar as double) / nullif(cast(ttm_collections as double), 0)
        as operating_lockup_days,
    365 * cast(ar as double) / nullif(cast(ttm_billed as double), 0) as dso,
    'clio_manage' as _source_system
from joined
