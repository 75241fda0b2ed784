-- grain: one row per figure, frozen month and cause (figure, month_end, cause)
-- materialized: view
-- What was reported at a month-end and what changed since: the frozen figure and its changes by
-- cause sum to the present one.
-- basis: as_of
-- accepted: figure in (ar,wip)
select 'ar' as figure, month_end, cause, sum(amount) as amount, count(*) as records
from finance.rpt_ar_restatement
group by month_end, cause
union all
select 'wip' as figure, month_end, cause, sum(amount) as amount, count(*) as records
from finance.rpt_wip_restatement
group by month_end, cause
