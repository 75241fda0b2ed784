-- grain: one row per payment by card or bank debit
-- materialized: view
-- Payments taken by Clio Payments.
-- unique: payment_id
-- not_null: payment_id
with source as (
    select * from raw_clio_manage.clio_payments_payments
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'clio_payments_payments'
),

renamed as (
    select
        source.id as payment_id,
        source.contact__id as contact_id,
        source.bank_transaction__id as bank_transaction_id,
        source.clio_payments_link__id as payment_link_id,
        source.destination_account__id as destination_account_id,
        source.user__id as user_id,
        source.state,
        source.confirmation_number,
        source.currency as currency_code,
        cast(source.amount as decimal(18, 2)) as amount,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
