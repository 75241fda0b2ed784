-- grain: one row per bank transaction
-- materialized: view
-- Movements of the bank accounts. Clio has no mark for what a bank has cleared.
-- unique: bank_transaction_id
-- not_null: bank_transaction_id
with source as (
    select * from raw_clio_manage.bank_transactions
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'bank_transactions'
),

build as (
    select * from meta.build
),

renamed as (
    select
        source.id as bank_transaction_id,
        source.client__id as client_id,
        source.matter__id as matter_id,
        source.bill__id as bill_id,
        source.allocation__id as allocation_id,
        source.type as record_type,
        source.transaction_type,
        source.source as payer,
        source.confirmation,
        source.description,
        source.currency_id,
        coalesce(source.bank_account__id, source.bank_account_id) as bank_account_id,
        cast(source.amount as decimal(18, 2)) as amount,
        cast(coalesce(source.funds_in, 0) as decimal(18, 2)) as funds_in,
        cast(coalesce(source.funds_out, 0) as decimal(18, 2)) as funds_out,
        cast(source.current_account_balance as decimal(18, 2)) as account_balance,
        coalesce(source.clio_payments_transaction, false) as is_clio_payment,
        source."date" as transaction_date,
        cast(timezone(build.time_zone, source.updated_at) as date) as updated_date,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    cross join build
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
