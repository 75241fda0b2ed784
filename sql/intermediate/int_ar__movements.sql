-- grain: one row per thing that changes what an approved bill owes (bill_id, cause, source_id)
-- materialized: view
-- What raises and lowers the balance of approved bills, from the day of issue on. A payment that
-- was voided counts from its day until the day of the voiding.
-- accepted: cause in (issue,interest,allocation,void)
-- needs: staging.stg_manage__bills.total, staging.stg_manage__bills.is_approved,
--   staging.stg_manage__bills.is_trust_request, staging.stg_manage__bills.issued_date,
--   staging.stg_manage__interest_charges.amount, staging.stg_manage__interest_charges.bill_id,
--   staging.stg_manage__interest_charges.charge_date, staging.stg_manage__allocations.amount,
--   staging.stg_manage__allocations.bill_id, staging.stg_manage__allocations.voided_date,
--   staging.stg_manage__allocations.allocation_date for amount
with bills as (
    select bill_id, total, issued_date from staging.stg_manage__bills
    where is_approved and not is_trust_request and not is_deleted
),

charges as (
    select * from staging.stg_manage__interest_charges
    where not is_deleted
),

charged as (
    select bill_id, sum(amount) as interest from charges
    group by bill_id
),

allocations as (
    select
        allocations.allocation_id,
        bills.bill_id,
        allocations.amount,
        greatest(allocations.allocation_date, bills.issued_date) as starts_on,
        case
            when allocations.voided_date is not null
                then greatest(allocations.voided_date, bills.issued_date)
        end as ends_on
    from staging.stg_manage__allocations as allocations
    inner join bills on bills.bill_id = allocations.bill_id
    where not allocations.is_deleted
)

select
    bills.bill_id,
    'issue' as cause,
    bills.bill_id as source_id,
    bills.issued_date as movement_date,
    cast(bills.total - coalesce(charged.interest, 0) as decimal(18, 2)) as amount
from bills
left join charged on charged.bill_id = bills.bill_id
union all
select
    charges.bill_id,
    'interest' as cause,
    charges.interest_charge_id as source_id,
    greatest(charges.charge_date, bills.issued_date) as movement_date,
    charges.amount
from charges
inner join bills on bills.bill_id = charges.bill_id
union all
select
    bill_id,
    'allocation' as cause,
    allocation_id as source_id,
    starts_on,
    cast(-amount as decimal(18, 2))
from allocations
where ends_on is null or ends_on > starts_on
union all
select bill_id, 'void' as cause, allocation_id as source_id, ends_on, amount
from allocations
where ends_on > starts_on
