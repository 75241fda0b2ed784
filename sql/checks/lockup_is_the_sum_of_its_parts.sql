-- Lockup takes in all work in progress and all receivables.
-- severity: error
with lockup as (
    select month_end, sum(wip) as wip, sum(ar) as ar from finance.agg_lockup_month
    group by month_end
),

wip as (
    select month_end, sum(wip_amount) as amount from finance.fct_wip_monthly
    group by month_end
),

ar as (
    select month_end, sum(balance) as amount from finance.fct_ar_monthly
    group by month_end
)

select lockup.month_end, lockup.wip, wip.amount as wip_amount, lockup.ar, ar.amount as ar_amount
from lockup
left join wip on wip.month_end = lockup.month_end
left join ar on ar.month_end = lockup.month_end
where lockup.wip <> coalesce(wip.amount, 0) or lockup.ar <> coalesce(ar.amount, 0)
