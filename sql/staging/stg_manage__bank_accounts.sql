-- grain: one row per bank account
-- materialized: view
-- Operating and trust accounts with the balance that Clio shows.
-- unique: bank_account_id
-- not_null: bank_account_id, account_type
-- accepted: account_type in (Operating,Trust) [warn]
with source as (
    select * from raw_clio_manage.bank_accounts
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'bank_accounts'
),

renamed as (
    select
        source.id as bank_account_id,
        source.name,
        source.type as account_type,
        source.account_number,
        source.institution,
        source.currency_id,
        source.currency as currency_code,
        source.user__id as user_id,
        cast(source.balance as decimal(18, 2)) as balance,
        source.bank_transactions_count,
        coalesce(source.default_account, false) as is_default_account,
        coalesce(source.controlled_account, false) as is_controlled_account,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
