-- grain: one row per time entry or expense
-- materialized: view
-- Time entries and expenses. Hours come from quantity_in_hours, since quantity is in seconds.
-- unique: activity_id
-- not_null: activity_id, activity_type, billing_status
-- accepted: billing_status in (billed,on_draft,unbilled,non_billable) [warn]
-- accepted: activity_type in (TimeEntry,ExpenseEntry,HardCostEntry,SoftCostEntry) [warn]
-- needs: raw_clio_manage.activities
with source as (
    select * from raw_clio_manage.activities
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'activities'
),

written_off as (
    select activity_id from staging.stg_manage__activities_written_off
    where not is_deleted
),

build as (
    select * from meta.build
),

renamed as (
    select
        source.id as activity_id,
        source.type as activity_type,
        source.matter__id as matter_id,
        source.user__id as user_id,
        source.bill__id as bill_id,
        source.activity_description__id as activity_description_id,
        source.expense_category__id as expense_category_id,
        source.vendor__id as vendor_id,
        source.task__id as task_id,
        source.calendar_entry__id as calendar_entry_id,
        source.utbms_expense__id as utbms_expense_id,
        source.currency__id as currency_id,
        source.reference,
        source.tax_setting,
        source.type = 'TimeEntry' as is_time,
        case
            when source.type = 'TimeEntry' then cast(source.quantity_in_hours as decimal(18, 4))
        end as hours,
        case
            when source.type = 'TimeEntry'
                then cast(source.rounded_quantity_in_hours as decimal(18, 4))
        end as rounded_hours,
        case
            when source.type <> 'TimeEntry' then cast(source.quantity as decimal(18, 4))
        end as units,
        cast(source.price as decimal(18, 2)) as price,
        case
            when coalesce(source.non_billable, false) then 0
            else cast(source.total as decimal(18, 2))
        end as billable_amount,
        case
            when coalesce(source.non_billable, false)
                then cast(source.non_billable_total as decimal(18, 2))
            else 0
        end as non_billable_amount,
        coalesce(source.flat_rate, false) as is_flat_rate,
        coalesce(source.non_billable, false) as is_non_billable,
        coalesce(source.no_charge, false) as is_no_charge,
        coalesce(source.contingency_fee, false) as is_contingency_fee,
        coalesce(source.billed, false) as is_billed,
        coalesce(source.on_bill, false) as is_on_bill,
        coalesce(source.quantity_redacted, false) as is_redacted,
        written_off.activity_id is not null as is_written_off,
        case
            when coalesce(source.billed, false) then 'billed'
            when coalesce(source.on_bill, false) then 'on_draft'
            when coalesce(source.non_billable, false) then 'non_billable'
            else 'unbilled'
        end as billing_status,
        source."date" as work_date,
        cast(timezone(build.time_zone, source.created_at) as date) as created_date,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    cross join build
    left join written_off on written_off.activity_id = source.id
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
