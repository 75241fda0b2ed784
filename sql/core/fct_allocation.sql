-- grain: one row per allocation (allocation_id)
-- materialized: table
-- Payments and credits as they were applied to bills, voided ones too; trust requests left out.
-- basis: event
-- not_null: allocation_id, bill_id, amount
-- relationships: bill_id -> core.fct_bill.bill_id
-- needs: staging.stg_manage__allocations, staging.stg_manage__allocations.is_cash,
--   staging.stg_manage__allocations.is_voided, staging.stg_manage__allocations.is_interest,
--   staging.stg_manage__allocations.bill_id, staging.stg_manage__allocations.matter_id,
--   staging.stg_manage__allocations.allocation_date, staging.stg_manage__allocations.voided_date,
--   core.fct_bill
-- needs: staging.stg_manage__bank_accounts.account_type for is_from_trust
-- column: is_cash: a payment, not a credit
-- column: is_interest: applied to interest, which is no fee
-- column: is_counted: cash or credit that stands and pays for lines of the bill
with allocations as (
    select * from staging.stg_manage__allocations
    where not is_deleted
),

bills as (
    select * from core.fct_bill
    where not is_trust_request
),

trust_accounts as (
    select bank_account_id from staging.stg_manage__bank_accounts
    where account_type = 'Trust'
)

select
    allocations.allocation_id,
    allocations.bill_id,
    coalesce(allocations.matter_id, bills.matter_id) as matter_id,
    coalesce(allocations.contact_id, bills.client_id) as contact_id,
    allocations.parent_id,
    allocations.parent_type,
    bills.currency_id,
    allocations.amount,
    allocations.is_cash,
    allocations.is_credit,
    allocations.is_interest,
    trust_accounts.bank_account_id is not null as is_from_trust,
    allocations.is_voided,
    not allocations.is_voided and not allocations.is_interest as is_counted,
    allocations.allocation_date,
    allocations.voided_date,
    allocations.voided_at,
    allocations._loaded_at,
    'clio_manage' as _source_system
from allocations
inner join bills on bills.bill_id = allocations.bill_id
left join trust_accounts
    on trust_accounts.bank_account_id = allocations.source_bank_account_id
