-- grain: one row per matter
-- materialized: view
-- Matters.
-- unique: matter_id
-- not_null: matter_id, status
-- accepted: status in (Pending,Open,Closed) [warn]
with source as (
    select * from raw_clio_manage.matters
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'matters'
),

build as (
    select * from meta.build
),

renamed as (
    select
        source.id as matter_id,
        source.client__id as client_id,
        source.responsible_attorney__id as responsible_attorney_id,
        source.originating_attorney__id as originating_attorney_id,
        source.responsible_staff__id as responsible_staff_id,
        source.practice_area__id as practice_area_id,
        source.matter_stage__id as matter_stage_id,
        source.group__id as group_id,
        source.currency__id as currency_id,
        source.statute_of_limitations__id as statute_task_id,
        source.display_number,
        source.custom_number,
        source.description,
        source.status,
        source.location,
        source.client_reference,
        source.billing_method,
        cast(source.matter_budget__budget as decimal(18, 2)) as budget,
        source.matter_budget__notification_threshold as budget_threshold_pct,
        cast(source.evergreen_retainer__minimum_threshold as decimal(18, 2)) as evergreen_minimum,
        coalesce(source.billable, false) as is_billable,
        coalesce(source.matter_budget__include_expenses, false) as budget_includes_expenses,
        source.open_date,
        source.pending_date,
        source.close_date,
        source.last_activity_date,
        source.matter_stage_updated_at,
        cast(
            timezone(
                build.time_zone, coalesce(source.matter_stage_updated_at, source.created_at)
            ) as date
        ) as stage_date,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    cross join build
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
