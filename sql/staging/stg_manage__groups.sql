-- grain: one row per group
-- materialized: view
-- Groups of users.
-- unique: group_id
-- not_null: group_id
with source as (
    select * from raw_clio_manage.groups
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'groups'
),

renamed as (
    select
        source.id as group_id,
        source.name,
        source.type as group_type,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
