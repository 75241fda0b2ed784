-- grain: one row
-- materialized: view
-- The firm's settings as columns, with the value that holds where a firm says nothing.
-- accepted: allocation_method in (proportional,fifo,expenses_first)
-- accepted: fiscal_year_first_month in (1,2,3,4,5,6,7,8,9,10,11,12)
with settings as (
    select * from seeds.settings
)

select
    coalesce(max(case when name = 'allocation_method' then value end), 'proportional')
        as allocation_method,
    coalesce(cast(max(case when name = 'fiscal_year_first_month' then value end) as integer), 1)
        as fiscal_year_first_month,
    coalesce(cast(max(case when name = 'hours_per_day' then value end) as decimal(9, 2)), 8)
        as hours_per_day,
    coalesce(
        cast(max(case when name = 'working_days_per_year' then value end) as decimal(9, 2)), 260
    ) as working_days_per_year,
    coalesce(cast(max(case when name = 'stale_days' then value end) as integer), 60) as stale_days,
    coalesce(cast(max(case when name = 'closable_days' then value end) as integer), 90)
        as closable_days,
    coalesce(cast(max(case when name = 'dormant_trust_days' then value end) as integer), 180)
        as dormant_trust_days
from settings
