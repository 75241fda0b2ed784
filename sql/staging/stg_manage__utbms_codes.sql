-- grain: one row per UTBMS code
-- materialized: view
-- Codes of the Uniform Task-Based Management System.
-- unique: utbms_code_id
-- not_null: utbms_code_id
with source as (
    select * from raw_clio_manage.utbms_codes
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'utbms_codes'
),

renamed as (
    select
        source.id as utbms_code_id,
        source.utbms_set_id,
        source.code,
        source.name,
        source.type as code_type,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
