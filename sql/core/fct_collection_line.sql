-- grain: one row per allocation, line of its bill and method (allocation_id, line_item_id, method)
-- materialized: table
-- What each line of a bill was paid, by each method of spreading payments over lines.
-- basis: event
-- not_null: allocation_id, line_item_id, amount, method
-- relationships: line_item_id -> core.fct_bill_line.line_item_id
-- relationships: allocation_id -> core.fct_allocation.allocation_id
-- accepted: method in (proportional,fifo,expenses_first)
-- needs: core.fct_allocation, core.fct_bill_line
-- needs: core.fct_allocation.amount, core.fct_bill_line.total,
--   staging.stg_manage__activities.work_date for amount
-- needs: core.fct_allocation.amount, core.fct_bill_line.total, core.fct_bill_line.net_amount,
--   staging.stg_manage__activities.work_date for net_amount
-- column: amount: what the line was paid, with its share of tax
-- column: net_amount: the same without tax, which is what the firm earns; rounded so that a line
--   that is paid in full has earned its own net amount, in however many payments
-- column: is_default: by the method that the firm's settings name; figures use these rows alone
with spread as (
    select allocation_id, line_item_id, 'proportional' as method, amount
    from intermediate.int_collections__proportional
    union all
    select allocation_id, line_item_id, method, amount
    from intermediate.int_collections__in_order
),

allocations as (
    select * from core.fct_allocation
),

lines as (
    select * from core.fct_bill_line
),

settings as (
    select * from intermediate.int_settings__values
),

running as (
    select
        spread.*,
        sum(spread.amount) over (
            partition by spread.line_item_id, spread.method
            order by allocations.allocation_date, spread.allocation_id
            rows between unbounded preceding and current row
        ) as paid
    from spread
    inner join allocations on allocations.allocation_id = spread.allocation_id
)

select
    running.allocation_id,
    running.line_item_id,
    running.method,
    running.method = settings.allocation_method as is_default,
    allocations.bill_id,
    lines.matter_id,
    lines.user_id,
    lines.activity_id,
    lines.client_id,
    lines.currency_id,
    lines.kind,
    lines.is_service,
    allocations.is_cash,
    allocations.is_from_trust,
    running.amount,
    case
        when lines.total = 0 then running.amount
        else cast(
            cast(
                cast(running.paid as double) * cast(lines.net_amount as double)
                / cast(lines.total as double) as decimal(18, 2)
            )
            - cast(
                cast(running.paid - running.amount as double) * cast(lines.net_amount as double)
                / cast(lines.total as double) as decimal(18, 2)
            ) as decimal(18, 2)
        )
    end as net_amount,
    allocations.allocation_date as paid_date,
    lines.work_date,
    lines.issued_date,
    allocations._loaded_at,
    'clio_manage' as _source_system
from running
inner join allocations on allocations.allocation_id = running.allocation_id
inner join lines on lines.line_item_id = running.line_item_id
cross join settings
