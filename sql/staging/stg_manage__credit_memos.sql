-- grain: one row per credit memo
-- materialized: view
-- Credits given to clients.
-- unique: credit_memo_id
-- not_null: credit_memo_id
with source as (
    select * from raw_clio_manage.credit_memos
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'credit_memos'
),

renamed as (
    select
        source.id as credit_memo_id,
        source.contact__id as contact_id,
        source.user__id as user_id,
        source.description,
        cast(source.amount as decimal(18, 2)) as amount,
        coalesce(source.discount, false) as is_discount,
        source.date as credit_date,
        source.voided_at,
        source.created_at,
        source.updated_at,
        source.voided_at is not null as is_voided,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
