-- grain: one row per line of a trust request
-- materialized: view
-- Lines of requests for trust money.
-- unique: trust_line_item_id
-- not_null: trust_line_item_id
with source as (
    select * from raw_clio_manage.trust_line_items
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'trust_line_items'
),

renamed as (
    select
        source.id as trust_line_item_id,
        source.bill__id as bill_id,
        source.matter__id as matter_id,
        source.client__id as client_id,
        source.date as line_date,
        cast(source.total as decimal(18, 2)) as amount,
        source.note,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
