-- grain: one row per matter, contact and relationship; a client may have none
-- materialized: view
-- Contacts of matters with their relation.
-- unique: matter_id, contact_id, relationship_id
-- not_null: matter_id, contact_id
with source as (
    select * from raw_clio_manage.matter_contacts
),

renamed as (
    select
        source.matter__id as matter_id,
        source.id as contact_id,
        source.relationship__id as relationship_id,
        source.relationship_name,
        source.description,
        coalesce(source.is_client, false) as is_client,
        source.created_at,
        source.updated_at,
        source._synced_at as _loaded_at
    from source
)

select * from renamed
