-- grain: one row per matter with unbilled work
-- materialized: view
-- What Clio itself says is unbilled, as it stands now. Used to compare, never to compute.
-- unique: matter_id
-- not_null: matter_id
with source as (
    select * from raw_clio_manage.billable_matters
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'billable_matters'
),

renamed as (
    select
        source.id as matter_id,
        source.client__id as client_id,
        source.currency_id,
        cast(source.unbilled_hours as decimal(18, 4)) as unbilled_hours,
        cast(source.unbilled_amount as decimal(18, 2)) as unbilled_amount,
        cast(source.amount_in_trust as decimal(18, 2)) as amount_in_trust,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
