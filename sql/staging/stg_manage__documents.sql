-- grain: one row per document
-- materialized: view
-- Documents, without their content.
-- unique: document_id
-- not_null: document_id
with source as (
    select * from raw_clio_manage.documents
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'documents'
),

build as (
    select * from meta.build
),

renamed as (
    select
        source.id as document_id,
        source.matter__id as matter_id,
        source.contact__id as contact_id,
        source.document_category__id as document_category_id,
        source.creator__id as creator_id,
        source.parent__id as folder_id,
        source.name,
        source.content_type,
        source.size as size_bytes,
        source.received_at,
        cast(timezone(build.time_zone, source.created_at) as date) as created_date,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null or source.deleted_at is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    cross join build
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
