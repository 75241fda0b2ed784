-- grain: one row per docket of a matter
-- materialized: view
-- Dockets that court rules made.
-- unique: matter_docket_id
-- not_null: matter_docket_id
with source as (
    select * from raw_clio_manage.court_rules_matter_dockets
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'court_rules_matter_dockets'
),

renamed as (
    select
        source.id as matter_docket_id,
        source.matter__id as matter_id,
        source.jurisdiction__id as jurisdiction_id,
        source.trigger__id as trigger_id,
        source.name,
        source.status,
        source.start_date,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null or source.deleted_at is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
