-- grain: one row per payment and allocation
-- materialized: view
-- Allocations of payments by card.
-- unique: payment_id, allocation_id [warn]
-- not_null: payment_id
with source as (
    select id as payment_id, unnest(cast(allocations as json[])) as element
    from raw_clio_manage.clio_payments_payments
),

renamed as (
    select
        payment_id,
        cast(element ->> '$.id' as bigint) as allocation_id
    from source
)

select * from renamed
