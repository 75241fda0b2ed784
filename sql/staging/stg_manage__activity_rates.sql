-- grain: one row per activity rate
-- materialized: view
-- Hourly and flat rates by user, group or contact.
-- unique: activity_rate_id
-- not_null: activity_rate_id
with source as (
    select * from raw_clio_manage.activity_rates
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'activity_rates'
),

renamed as (
    select
        source.id as activity_rate_id,
        source.user__id as user_id,
        source.group__id as group_id,
        source.contact_id,
        source.co_counsel_contact_id,
        cast(source.rate as decimal(18, 2)) as rate,
        coalesce(source.flat_rate, false) as is_flat_rate,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
