-- grain: one row per lead seen in the inbox
-- materialized: view
-- Leads. One that is accepted leaves Clio's list, so that the last sighting tells it.
-- unique: inbox_lead_id
-- not_null: inbox_lead_id
with source as (
    select * from raw_clio_grow.inbox_leads
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_grow' and resource = 'inbox_leads'
),

build as (
    select * from meta.build
),

renamed as (
    select
        source.id as inbox_lead_id,
        source.first_name,
        source.last_name,
        source.phone_number,
        source.state,
        source.marketing_source__id as source_id,
        source.matter_type__id as matter_type_id,
        source.matter_location__id as location_id,
        cast(timezone(build.time_zone, source.created_at) as date) as created_date,
        source.created_at,
        source.updated_at,
        nullif(lower(trim(source.email)), '') as email,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    cross join build
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
