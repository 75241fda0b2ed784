-- grain: one row per relationship
-- materialized: view
-- Contacts that play a part in a matter.
-- unique: relationship_id
-- not_null: relationship_id
with source as (
    select * from raw_clio_manage.relationships
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'relationships'
),

renamed as (
    select
        source.id as relationship_id,
        source.matter__id as matter_id,
        source.contact__id as contact_id,
        source.created_at,
        source.updated_at,
        nullif(trim(source.description), '') as description,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
