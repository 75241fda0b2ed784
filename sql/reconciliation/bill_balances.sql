-- what: balance of each approved bill
-- level: 2
-- left: balance that Clio shows on the bill
-- right: its total less the payments and credits that stand against it in the warehouse
-- unit: money
-- tolerance: 0.00
-- reason: bills are kept in cents
-- severity: error
-- needs: input.as_of, raw_clio_manage.bills, raw_clio_manage.allocations,
--   staging.stg_manage__bills, staging.stg_manage__allocations
with allocations as (
    select
        bill_id,
        sum(amount) as amount,
        max(updated_at) as updated_at
    from staging.stg_manage__allocations
    where not is_voided and not is_deleted
    group by bill_id
)

select
    concat('bill:', bills.bill_id) as key,
    concat('bill ', bills.number) as label,
    bills.balance as left_value,
    bills.total - coalesce(allocations.amount, 0) as right_value,
    'bills' as resource,
    bills.bill_id as record_id,
    coalesce(
        allocations.updated_at > (select complete_at from as_of where resource = 'bills'), false
    ) as moved
from staging.stg_manage__bills as bills
left join allocations on allocations.bill_id = bills.bill_id
where bills.is_approved and not bills.is_deleted
