-- The walk from the frozen work in progress of a month to the present one sums exactly.
-- severity: error
with walked as (
    select month_end, sum(amount) as amount from finance.rpt_wip_restatement
    group by month_end
),

present as (
    select month_end, sum(wip_amount) as amount from finance.fct_wip_monthly
    where month_end in (select month_end from finance.fct_wip_frozen)
    group by month_end
)

select
    coalesce(walked.month_end, present.month_end) as month_end,
    walked.amount as walked,
    present.amount as present
from walked
full outer join present on present.month_end = walked.month_end
where coalesce(walked.amount, 0) <> coalesce(present.amount, 0)
