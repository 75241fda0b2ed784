-- grain: one row per document category
-- materialized: view
-- Categories of documents.
-- unique: document_category_id
-- not_null: document_category_id
with source as (
    select * from raw_clio_manage.document_categories
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'document_categories'
),

renamed as (
    select
        source.id as document_category_id,
        source.name,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
