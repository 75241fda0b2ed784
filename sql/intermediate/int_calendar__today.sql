-- grain: one row
-- materialized: view
-- The day that "today" means in every model, in the firm's time zone, and the newest load.
with build as (
    select * from meta.build
),

runs as (
    select max(started_at) as loaded_at from staging.stg_meta__sync_runs
)

select
    build.today,
    build.time_zone,
    runs.loaded_at
from build
cross join runs
