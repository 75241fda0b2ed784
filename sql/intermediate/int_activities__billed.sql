-- grain: one row per activity on an approved bill (activity_id)
-- materialized: view
-- When work was billed: the first day on which an approved bill with it was issued. Clio names
-- the bill in the activity, and the activity in the bill's line; either is enough.
-- needs: staging.stg_manage__bills.is_approved, staging.stg_manage__bills.is_trust_request,
--   staging.stg_manage__activities.bill_id, staging.stg_manage__line_items.activity_id,
--   staging.stg_manage__line_items.bill_id, staging.stg_manage__line_items.is_revenue
-- needs: staging.stg_manage__bills.issued_date for billed_date
with bills as (
    select bill_id, issued_date from staging.stg_manage__bills
    where is_approved and not is_trust_request and not is_deleted
),

pairs as (
    select activity_id, bill_id from staging.stg_manage__activities
    where bill_id is not null
    union
    select activity_id, bill_id from staging.stg_manage__line_items
    where activity_id is not null and is_revenue and not is_deleted
)

select
    pairs.activity_id,
    min(bills.issued_date) as billed_date,
    min(pairs.bill_id) as bill_id
from pairs
inner join bills on bills.bill_id = pairs.bill_id
group by pairs.activity_id
