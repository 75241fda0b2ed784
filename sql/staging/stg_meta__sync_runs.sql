-- grain: one row per collection and run
-- materialized: view
-- Runs that ended, by collection.
-- unique: run_id, source, resource
-- not_null: run_id
with source as (
    select * from meta.sync_runs where finished_at is not null)

select run_id, source, resource, mode, status, started_at, finished_at from source
