with amounts as (
    select 'activities' as resource, work_date as day, billable_amount as amount, user_id
    from staging.stg_manage__activities
    where not is_deleted
    union all
    select 'bills', issued_date, total, user_id from staging.stg_manage__bills
    where not is_deleted
    union all
    select 'allocations', allocation_date, amount, null from staging.stg_manage__allocations
    where not is_deleted
    union all
    select 'bank_transactions', transaction_date, funds_in - funds_out, null
    from staging.stg_manage__bank_transactions
    where not is_deleted
)

select
    resource,
    strftime(day, '%Y-%m') as month,
    count(*) as rows,
    cast(coalesce(sum(amount), 0) as decimal(18, 2)) as amount,
    min(day) as first_day,
    max(day) as last_day,
    count(distinct user_id) as users
from amounts
group by resource, month
order by resource, month
