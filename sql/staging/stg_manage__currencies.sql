-- grain: one row per currency
-- materialized: view
-- Currencies.
-- unique: currency_id
-- not_null: currency_id
with source as (
    select * from raw_clio_manage.currencies
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'currencies'
),

renamed as (
    select
        source.id as currency_id,
        source.code,
        source.sign,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
