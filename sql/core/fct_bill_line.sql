-- grain: one row per line item that counts (line_item_id)
-- materialized: table
-- Lines of bills, drafts too, without summary and no-charge lines, and without trust requests.
-- basis: event
-- not_null: line_item_id, bill_id, total
-- relationships: bill_id -> core.fct_bill.bill_id
-- relationships: matter_id -> core.dim_matter.matter_id [warn]
-- accepted: kind in (Service,Expense)
-- needs: staging.stg_manage__line_items, staging.stg_manage__line_items.is_revenue,
--   staging.stg_manage__line_items.is_service, staging.stg_manage__line_items.bill_id,
--   staging.stg_manage__line_items.activity_id, staging.stg_manage__line_items.user_id,
--   staging.stg_manage__line_items.matter_id, staging.stg_manage__line_items.line_date,
--   core.fct_bill
-- needs: staging.stg_manage__activities.work_date for work_date
-- needs: staging.stg_manage__line_items.quantity for hours
-- needs: staging.stg_manage__line_items.discount_rate for discount
-- needs: staging.stg_manage__line_items.tax, staging.stg_manage__line_items.secondary_tax for tax
-- needs: staging.stg_manage__line_items.sub_total for sub_total
-- needs: staging.stg_manage__line_items.total for total
-- needs: staging.stg_manage__line_items.total, staging.stg_manage__line_items.tax,
--   staging.stg_manage__line_items.secondary_tax for net_amount
-- needs: staging.stg_manage__line_items.total, staging.stg_manage__line_items.tax,
--   staging.stg_manage__line_items.secondary_tax, staging.stg_manage__activities.billable_amount
--   for write_down
-- column: line_date: the issue of its bill where the line itself has no date
-- column: net_amount: the line after its discount and before tax
-- column: write_down: what the activity was worth less what the line asks for
with lines as (
    select * from staging.stg_manage__line_items
    where is_revenue and not is_deleted
),

bills as (
    select * from core.fct_bill
    where not is_trust_request
),

activities as (
    select * from staging.stg_manage__activities
)

select
    lines.line_item_id,
    lines.bill_id,
    coalesce(lines.matter_id, activities.matter_id, bills.matter_id) as matter_id,
    coalesce(lines.user_id, activities.user_id) as user_id,
    lines.activity_id,
    bills.client_id,
    bills.currency_id,
    lines.kind,
    lines.is_service,
    lines.quantity,
    case when lines.is_service then lines.quantity end as hours,
    lines.sub_total,
    lines.discount_rate as discount,
    lines.discount_type,
    cast(coalesce(lines.tax, 0) + coalesce(lines.secondary_tax, 0) as decimal(18, 2)) as tax,
    lines.total,
    cast(lines.total - coalesce(lines.tax, 0) - coalesce(lines.secondary_tax, 0) as decimal(18, 2))
        as net_amount,
    cast(
        activities.billable_amount
        - (lines.total - coalesce(lines.tax, 0) - coalesce(lines.secondary_tax, 0))
        as decimal(18, 2)
    ) as write_down,
    bills.is_approved,
    bills.issued_date,
    coalesce(lines.line_date, bills.issued_date) as line_date,
    activities.work_date,
    lines._loaded_at,
    'clio_manage' as _source_system
from lines
inner join bills on bills.bill_id = lines.bill_id
left join activities on activities.activity_id = lines.activity_id
