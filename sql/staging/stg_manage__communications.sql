-- grain: one row per e-mail or call
-- materialized: view
-- E-mails and telephone calls. Bodies stay in raw.
-- unique: communication_id
-- not_null: communication_id
with source as (
    select * from raw_clio_manage.communications
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'communications'
),

build as (
    select * from meta.build
),

renamed as (
    select
        source.id as communication_id,
        source.matter__id as matter_id,
        source.user__id as user_id,
        source.type as communication_type,
        source.date as communication_date,
        cast(timezone(build.time_zone, source.received_at) as date) as received_date,
        source.received_at,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    cross join build
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
