-- grain: one row per matter of Grow (grow_matter_id)
-- materialized: view
-- How far each matter of Grow has come: the furthest stage of its present and earlier statuses.
-- Statuses are
-- told by their letters alone; one that the seed does not map counts by Grow's own category.
-- column: stage_rank: 1 lead, 2 contacted, 3 consultation booked, 4 held, 5 hired
with statuses as (
    select grow_matter_id, status, status_category, true as is_present, updated_date as seen_date
    from staging.stg_grow__matters
    where not is_deleted
    union all
    select
        versions.grow_matter_id,
        versions.status,
        versions.status_category,
        false,
        versions.updated_date
    from staging.stg_grow__matter_versions as versions
    inner join staging.stg_grow__matters as matters
        on matters.grow_matter_id = versions.grow_matter_id and not matters.is_deleted
),

mapping as (
    select
        trim(lower(regexp_replace(status, '[^\p{L}]+', ' ', 'g'))) as status_letters,
        max(stage) as stage
    from seeds.grow_status_map
    group by trim(lower(regexp_replace(status, '[^\p{L}]+', ' ', 'g')))
),

staged as (
    select
        statuses.*,
        case
            when mapping.stage is not null then mapping.stage
            when statuses.status_category = 'hired' then 'hired'
            when statuses.status_category = 'declined' then 'lost'
            else 'lead'
        end as stage,
        mapping.stage is not null as is_mapped
    from statuses
    left join mapping
        on
            mapping.status_letters
            = trim(lower(regexp_replace(statuses.status, '[^\p{L}]+', ' ', 'g')))
),

ranked as (
    select
        *,
        case stage
            when 'hired' then 5
            when 'consult_held' then 4
            when 'consult_booked' then 3
            when 'contacted' then 2
            else 1
        end as stage_rank
    from staged
)

select
    grow_matter_id,
    max(stage_rank) as stage_rank,
    max(case when is_present then stage end) as stage,
    bool_or(is_present and is_mapped) as is_mapped,
    min(case when stage_rank >= 2 then seen_date end) as contacted_date,
    min(case when stage_rank >= 3 then seen_date end) as consult_date,
    min(case when stage = 'hired' then seen_date end) as hired_date,
    min(case when stage = 'lost' then seen_date end) as lost_date
from ranked
group by grow_matter_id
