-- Make the originating attorney responsible where a matter that is not closed has nobody who is.
with deleted as (

    select resource, record_id from meta.tombstones
    where source = 'clio_manage' and revived_at is null

)

select
    'matters' as resource,
    matters.id,
    'responsible_attorney.id' as field,
    users.id as new_value,
    'nobody is responsible; the originating attorney is user ' || users.id as reason
from raw_clio_manage.matters
join raw_clio_manage.users on users.id = matters.originating_attorney__id
where matters.responsible_attorney__id is null
and lower(matters.status) <> 'closed'
and users.enabled
and cast(matters.id as varchar) not in (select record_id from deleted where resource = 'matters')
and cast(users.id as varchar) not in (select record_id from deleted where resource = 'users')
order by matters.id
