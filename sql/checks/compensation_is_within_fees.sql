-- Credits of a role that exceed the fees they are a share of.
-- severity: error
select user_id, role, matter_id, month_start, collected_fees, credit
from finance.agg_compensation_month
where credit > collected_fees and collected_fees > 0
