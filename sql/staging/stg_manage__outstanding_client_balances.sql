-- grain: one row per client who owes
-- materialized: view
-- What Clio itself says that clients owe, as it stands now. Used to compare, never to compute.
-- unique: outstanding_client_balance_id
-- not_null: outstanding_client_balance_id
with source as (
    select * from raw_clio_manage.outstanding_client_balances
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'outstanding_client_balances'
),

renamed as (
    select
        source.id as outstanding_client_balance_id,
        source.contact__id as contact_id,
        source.currency__id as currency_id,
        cast(source.total_outstanding_balance as decimal(18, 2)) as total_outstanding_balance,
        cast(source.pending_payments_total as decimal(18, 2)) as pending_payments_total,
        source.last_payment_date,
        source.newest_issued_bill_due_date,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
