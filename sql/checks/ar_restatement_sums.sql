-- The walk from the frozen receivables of a month to the present ones sums exactly.
-- severity: error
with walked as (
    select month_end, sum(amount) as amount from finance.rpt_ar_restatement
    group by month_end
),

present as (
    select month_end, sum(balance) as balance from finance.fct_ar_monthly
    where month_end in (select month_end from finance.fct_ar_frozen)
    group by month_end
)

select
    coalesce(walked.month_end, present.month_end) as month_end,
    walked.amount,
    present.balance
from walked
full outer join present on present.month_end = walked.month_end
where coalesce(walked.amount, 0) <> coalesce(present.balance, 0)
