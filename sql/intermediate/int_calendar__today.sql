-- grain: one row
-- materialized: view
-- The day that "today" means in every model: that of the newest load, so that a build can be
-- repeated. Without a load it is the day of the build.
with runs as (
    select * from staging.stg_meta__sync_runs
)

select
    coalesce(max(cast(started_at as date)), current_date) as today,
    max(started_at) as loaded_at
from runs
