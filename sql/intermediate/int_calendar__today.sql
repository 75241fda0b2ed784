-- grain: one row
-- materialized: view
-- The day that "today" means in every model, in the firm's time zone; the first and last load.
with build as (
    select * from meta.build
),

runs as (
    select min(started_at) as first_loaded_at, max(started_at) as loaded_at
    from staging.stg_meta__sync_runs
)

select
    build.today,
    build.time_zone,
    runs.first_loaded_at,
    runs.loaded_at
from build
cross join runs
