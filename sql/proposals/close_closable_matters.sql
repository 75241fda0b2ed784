-- Close matters in which nothing is open: no open task, no unbilled work, no unpaid bill, no money
-- held, and nothing done for 180 days.
with deleted as (

    select resource, record_id from meta.tombstones
    where source = 'clio_manage' and revived_at is null

),

open_matters as (

    select id, account_balances, coalesce(last_activity_date, open_date) as idle_since
    from raw_clio_manage.matters
    where lower(status) in ('open', 'pending')
    and cast(id as varchar) not in (select record_id from deleted where resource = 'matters')

),

open_tasks as (

    select distinct matter__id from raw_clio_manage.tasks
    where lower(status) <> 'complete' and matter__id is not null
    and cast(id as varchar) not in (select record_id from deleted where resource = 'tasks')

),

unbilled as (

    select distinct matter__id from raw_clio_manage.activities
    where not coalesce(billed, false) and not coalesce(non_billable, false)
    and matter__id is not null
    and cast(id as varchar) not in (select record_id from deleted where resource = 'activities')

),

unpaid as (

    select distinct cast(json_extract(matter, '$.id') as bigint) as matter__id
    from (
        select unnest(from_json(matters, '["JSON"]')) as matter from raw_clio_manage.bills
        where lower(state) not in ('paid', 'void', 'deleted')
        and cast(id as varchar) not in (select record_id from deleted where resource = 'bills')
    )

),

holding as (

    select distinct id as matter__id
    from (
        select id, unnest(from_json(account_balances, '["JSON"]')) as balance from open_matters
    )
    where cast(json_extract_string(balance, '$.balance') as decimal(18, 2)) <> 0

)

select
    'matters' as resource,
    id,
    'status' as field,
    'closed' as new_value,
    'nothing is open in it, and nothing was done since ' || idle_since as reason
from open_matters
where idle_since < current_date - 180
and id not in (select matter__id from open_tasks)
and id not in (select matter__id from unbilled)
and id not in (select matter__id from unpaid)
and id not in (select matter__id from holding)
order by id
