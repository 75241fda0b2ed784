-- grain: one row per user
-- materialized: view
-- Users of Manage, with the disabled ones and co-counsel.
-- unique: user_id
-- not_null: user_id
with source as (
    select * from raw_clio_manage.users
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'users'
),

renamed as (
    select
        source.id as user_id,
        source.name,
        source.first_name,
        source.last_name,
        source.initials,
        source.email,
        source.subscription_type,
        source.job_title__name as job_title,
        cast(source.rate as decimal(18, 2)) as rate,
        coalesce(source.enabled, false) as is_enabled,
        coalesce(source.account_owner, false) as is_account_owner,
        source.time_zone,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
