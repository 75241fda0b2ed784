-- what: total of each bill
-- level: 2
-- left: total that Clio shows on the bill
-- right: the lines of the bill in the warehouse, with tax, and the interest charged on it
-- unit: money
-- tolerance: 0.00
-- reason: bills are kept in cents
-- severity: error
-- needs: input.as_of, raw_clio_manage.bills, raw_clio_manage.line_items,
--   raw_clio_manage.trust_line_items, staging.stg_manage__bills, staging.stg_manage__line_items,
--   staging.stg_manage__trust_line_items
with lines as (
    select bill_id, total, updated_at
    from staging.stg_manage__line_items
    where not is_deleted
    union all
    select bill_id, amount, updated_at
    from staging.stg_manage__trust_line_items
    where not is_deleted
),

sums as (
    select
        bill_id,
        sum(total) as total,
        max(updated_at) as updated_at
    from lines
    group by bill_id
)

select
    concat('bill:', bills.bill_id) as key,
    concat('bill ', bills.number) as label,
    bills.total as left_value,
    coalesce(sums.total, 0) + coalesce(bills.interest, 0) as right_value,
    'bills' as resource,
    bills.bill_id as record_id,
    coalesce(
        sums.updated_at > (select complete_at from as_of where resource = 'bills'), false
    ) as moved
from staging.stg_manage__bills as bills
left join sums on sums.bill_id = bills.bill_id
where bills.is_approved and not bills.is_deleted
