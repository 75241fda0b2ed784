-- Every activity that was not deleted is in the model once, with its value.
-- severity: error
with raw_work as (
    select count(*) as rows, coalesce(sum(billable_amount + non_billable_amount), 0) as amount
    from staging.stg_manage__activities
    where not is_deleted
),

model as (
    select count(*) as rows, coalesce(sum(billable_amount + non_billable_amount), 0) as amount
    from core.fct_activity
)

select
    raw_work.rows as staged,
    model.rows as modelled,
    raw_work.amount as staged_amount,
    model.amount as modelled_amount
from raw_work
cross join model
where raw_work.rows <> model.rows or raw_work.amount <> model.amount
