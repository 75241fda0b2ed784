-- grain: one row per allocation
-- materialized: view
-- Payments and credits as they are applied to bills. Only a payment is cash. One without a date
-- counts from the day on which it was made.
-- unique: allocation_id
-- not_null: allocation_id, amount
-- accepted: parent_type in (Payment,CreditMemo) [warn]
with source as (
    select * from raw_clio_manage.allocations
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'allocations'
),

build as (
    select * from meta.build
),

renamed as (
    select
        source.id as allocation_id,
        source.bill__id as bill_id,
        source.matter__id as matter_id,
        source.contact__id as contact_id,
        source.source_bank_account__id as source_bank_account_id,
        source.destination_bank_account__id as destination_bank_account_id,
        source.parent__id as parent_id,
        source.parent__type as parent_type,
        source.payment_type,
        source.description,
        cast(source.amount as decimal(18, 2)) as amount,
        coalesce(source.parent__type, 'Payment') = 'Payment' as is_cash,
        coalesce(source.parent__type, 'Payment') = 'CreditMemo' as is_credit,
        coalesce(source.interest, false) as is_interest,
        source.voided_at is not null as is_voided,
        coalesce(
            source."date", cast(timezone(build.time_zone, source.created_at) as date)
        ) as allocation_date,
        cast(timezone(build.time_zone, source.voided_at) as date) as voided_date,
        source.voided_at,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    cross join build
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
