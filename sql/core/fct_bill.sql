-- grain: one row per bill (bill_id)
-- materialized: table
-- Bills and trust requests, drafts too; void and deleted ones are left out.
-- basis: event
-- not_null: bill_id, state, total, balance
-- relationships: matter_id -> core.dim_matter.matter_id [warn]
-- relationships: client_id -> core.dim_contact.contact_id [warn]
-- accepted: state in (draft,awaiting_approval,awaiting_payment,paid) [warn]
-- accepted: bucket in (current,1-30,31-60,61-90,91+)
-- needs: staging.stg_manage__bills, staging.stg_manage__bills.is_approved,
--   staging.stg_manage__bills.is_trust_request, staging.stg_manage__bills.issued_date,
--   intermediate.int_bills__main_matter.matter_id
-- needs: staging.stg_manage__bills.sub_total, staging.stg_manage__bills.services_sub_total for
--   services, expenses
-- needs: staging.stg_manage__bills.tax, staging.stg_manage__bills.secondary_tax for tax
-- needs: staging.stg_manage__bills.discount_rate for discount
-- needs: staging.stg_manage__bills.interest for interest
-- needs: staging.stg_manage__bills.credits_issued for credits
-- column: matter_id: the matter that the bill asks most for
-- column: total: what the bill asks for, with tax and the interest charged so far
-- column: expenses: sub-total without services
-- column: days_to_pay: days from issue to the payment that settled it
-- column: bucket: age of what is owed today; empty when nothing is
with bills as (
    select * from staging.stg_manage__bills
    where state not in ('void', 'deleted') and not is_deleted
),

main_matters as (
    select * from intermediate.int_bills__main_matter
),

today as (
    select * from intermediate.int_calendar__today
)

select
    bills.bill_id,
    bills.number,
    bills.state,
    bills.kind,
    bills.client_id,
    main_matters.matter_id,
    coalesce(main_matters.matter_count, 0) as matter_count,
    bills.currency_id,
    bills.sub_total,
    bills.services_sub_total as services,
    cast(bills.sub_total - bills.services_sub_total as decimal(18, 2)) as expenses,
    cast(coalesce(bills.tax, 0) + coalesce(bills.secondary_tax, 0) as decimal(18, 2)) as tax,
    bills.discount_rate as discount,
    bills.discount_type,
    cast(coalesce(bills.interest, 0) as decimal(18, 2)) as interest,
    bills.total,
    bills.paid,
    bills.credits_issued as credits,
    bills.pending,
    bills.balance,
    bills.is_approved,
    bills.is_trust_request,
    bills.is_approved and not bills.is_trust_request as is_revenue,
    bills.issued_date,
    bills.due_date,
    bills.paid_date,
    date_diff('day', bills.issued_date, bills.paid_date) as days_to_pay,
    case
        when not bills.is_approved or bills.is_trust_request or bills.balance = 0 then null
        when date_diff('day', coalesce(bills.due_date, bills.issued_date), today.today) <= 0
            then 'current'
        when date_diff('day', coalesce(bills.due_date, bills.issued_date), today.today) <= 30
            then '1-30'
        when date_diff('day', coalesce(bills.due_date, bills.issued_date), today.today) <= 60
            then '31-60'
        when date_diff('day', coalesce(bills.due_date, bills.issued_date), today.today) <= 90
            then '61-90'
        else '91+'
    end as bucket,
    bills._loaded_at,
    'clio_manage' as _source_system
from bills
cross join today
left join main_matters on main_matters.bill_id = bills.bill_id
