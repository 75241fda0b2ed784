-- grain: one row
-- materialized: view
-- The user whose token reads Grow.
-- unique: grow_user_id
-- not_null: grow_user_id
with source as (
    select * from raw_clio_grow.users_who_am_i
),

renamed as (
    select
        source.id as grow_user_id,
        source.account__id as account_id,
        source.account__firm_name as firm_name,
        source._synced_at as _loaded_at
    from source
)

select * from renamed
