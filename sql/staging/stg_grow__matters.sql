-- grain: one row per matter of Grow
-- materialized: view
-- Matters of Grow; clio_id is the matter of Manage that Grow names.
-- unique: grow_matter_id
-- not_null: grow_matter_id
with source as (
    select * from raw_clio_grow.matters
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_grow' and resource = 'matters'
),

build as (
    select * from meta.build
),

renamed as (
    select
        source.id as grow_matter_id,
        source.global_id,
        source.clio_id as named_manage_matter_id,
        source.client__id as grow_contact_id,
        source.primary_contact__id as primary_contact_id,
        source.inbox_lead_id,
        source.description,
        source.type as matter_type,
        source.location,
        source.status,
        source.status_category,
        source.hired_date,
        coalesce(source.is_locked, false) as is_locked,
        cast(timezone(build.time_zone, source.created_at) as date) as created_date,
        cast(timezone(build.time_zone, source.updated_at) as date) as updated_date,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    cross join build
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
