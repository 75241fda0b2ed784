-- grain: one row per user of Grow
-- materialized: view
-- Users of Grow.
-- unique: grow_user_id
-- not_null: grow_user_id
with source as (
    select * from raw_clio_grow.users
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_grow' and resource = 'users'
),

renamed as (
    select
        source.id as grow_user_id,
        source.first_name,
        source.last_name,
        source.created_at,
        source.updated_at,
        nullif(lower(trim(source.email)), '') as email,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
