-- grain: one row per line item
-- materialized: view
-- Lines of bills. Summary lines repeat others; sums leave them and no-charge lines out.
-- unique: line_item_id
-- not_null: line_item_id
-- accepted: line_type in (ActivityLineItem,LineItem,NoChargeLineItem,SummaryLineItem) [warn]
-- accepted: kind in (Service,Expense) [warn]
with source as (
    select * from raw_clio_manage.line_items
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'line_items'
),

renamed as (
    select
        source.id as line_item_id,
        source.bill__id as bill_id,
        source.activity__id as activity_id,
        source.matter__id as matter_id,
        source.user__id as user_id,
        source.type as line_type,
        source.kind,
        source.description,
        source.date as line_date,
        source.group_ordering,
        cast(source.quantity as decimal(18, 4)) as quantity,
        cast(source.price as decimal(18, 2)) as price,
        cast(source.sub_total as decimal(18, 2)) as sub_total,
        cast(source.tax as decimal(18, 2)) as tax,
        cast(source.secondary_tax as decimal(18, 2)) as secondary_tax,
        cast(source.total as decimal(18, 2)) as total,
        source.discount__type as discount_type,
        cast(source.discount__rate as decimal(18, 2)) as discount_rate,
        source.created_at,
        source.updated_at,
        source.type not in ('SummaryLineItem', 'NoChargeLineItem') as is_revenue,
        source.kind = 'Service' as is_service,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
