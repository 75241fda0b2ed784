-- grain: one row per interest charge
-- materialized: view
-- Interest charged on late bills.
-- unique: interest_charge_id
-- not_null: interest_charge_id, amount
with source as (
    select * from raw_clio_manage.interest_charges
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'interest_charges'
),

renamed as (
    select
        source.id as interest_charge_id,
        source.bill__id as bill_id,
        source.description,
        source.date as charge_date,
        cast(source.total as decimal(18, 2)) as amount,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
