-- grain: one row per client who owes and day
-- materialized: view
-- What Clio says that clients owe, one copy a day from the first load on.
-- unique: outstanding_client_balance_id, balance_date
-- not_null: outstanding_client_balance_id, balance_date
with source as (
    select * from raw_clio_manage.outstanding_client_balances__daily
),

renamed as (
    select
        source.id as outstanding_client_balance_id,
        source.day as balance_date,
        source.contact__id as contact_id,
        cast(source.total_outstanding_balance as decimal(18, 2)) as total_outstanding_balance
    from source
)

select * from renamed
