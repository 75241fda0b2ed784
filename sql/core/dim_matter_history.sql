-- grain: one row per matter and span in which nothing of it changed (matter_id, valid_from)
-- materialized: table
-- What a matter was at a moment. History begins with the first load; before that the oldest
-- known version holds.
-- not_null: matter_id, valid_from
-- relationships: matter_id -> core.dim_matter.matter_id [warn]
-- needs: staging.stg_manage__matters
-- column: valid_to: the first moment at which it no longer holds; empty for the present
-- column: valid_from_date: the day of it in the firm's time zone; what held at its end counts
with versions as (
    select
        matter_id,
        status,
        client_id,
        responsible_attorney_id,
        originating_attorney_id,
        practice_area_id,
        matter_stage_id,
        replaced_at as ended_at,
        replaced_date as ended_date
    from staging.stg_manage__matter_versions
    union all
    select
        matter_id,
        status,
        client_id,
        responsible_attorney_id,
        originating_attorney_id,
        practice_area_id,
        matter_stage_id,
        null as ended_at,
        null as ended_date
    from staging.stg_manage__matters
),

numbered as (
    select
        *,
        row_number() over (
            partition by matter_id
            order by coalesce(ended_at, timestamptz '9999-12-31 00:00:00+00')
        ) as version,
        concat_ws(
            '|',
            coalesce(status, ''),
            coalesce(cast(client_id as varchar), ''),
            coalesce(cast(responsible_attorney_id as varchar), ''),
            coalesce(cast(originating_attorney_id as varchar), ''),
            coalesce(cast(practice_area_id as varchar), ''),
            coalesce(cast(matter_stage_id as varchar), '')
        ) as content
    from versions
),

compared as (
    select
        *,
        lag(content) over (partition by matter_id order by version) as content_before,
        lag(ended_at) over (partition by matter_id order by version) as started_at,
        lag(ended_date) over (partition by matter_id order by version) as started_date
    from numbered
),

changed as (
    select * from compared
    where content_before is null or content_before <> content
)

select
    matter_id,
    status,
    client_id,
    responsible_attorney_id,
    originating_attorney_id,
    practice_area_id,
    matter_stage_id,
    coalesce(started_at, timestamptz '1900-01-01 00:00:00+00') as valid_from,
    lead(started_at) over (partition by matter_id order by version) as valid_to,
    coalesce(started_date, date '1900-01-01') as valid_from_date,
    lead(started_date) over (partition by matter_id order by version) as valid_to_date
from changed
