-- grain: one row per expense category
-- materialized: view
-- Categories of expenses.
-- unique: expense_category_id
-- not_null: expense_category_id
with source as (
    select * from raw_clio_manage.expense_categories
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'expense_categories'
),

renamed as (
    select
        source.id as expense_category_id,
        source.name,
        source.entry_type,
        cast(source.rate as decimal(18, 2)) as rate,
        source.currency__id as currency_id,
        source.utbms_code__id as utbms_code_id,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
