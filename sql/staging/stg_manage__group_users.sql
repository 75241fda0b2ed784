-- grain: one row per group and user
-- materialized: view
-- Users of groups.
-- unique: group_id, user_id [warn]
-- not_null: group_id
with source as (
    select id as group_id, unnest(cast(users as json[])) as element
    from raw_clio_manage.groups
),

renamed as (
    select
        group_id,
        cast(element ->> '$.id' as bigint) as user_id
    from source
)

select * from renamed
