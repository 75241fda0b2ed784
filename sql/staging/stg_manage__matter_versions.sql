-- grain: one row per replaced version of a matter
-- materialized: view
-- Versions of matters that were replaced, with the moment of it.
-- unique: matter_id, replaced_at
-- not_null: matter_id, replaced_at
with source as (
    select * from raw_clio_manage.matters__versions
),

build as (
    select * from meta.build
),

renamed as (
    select
        source.id as matter_id,
        source.status,
        source.responsible_attorney__id as responsible_attorney_id,
        source.originating_attorney__id as originating_attorney_id,
        source.practice_area__id as practice_area_id,
        source.matter_stage__id as matter_stage_id,
        source.client__id as client_id,
        source.updated_at,
        cast(timezone(build.time_zone, source._replaced_at) as date) as replaced_date,
        source._replaced_at as replaced_at,
        source._synced_at as _loaded_at
    from source
    cross join build
)

select * from renamed
