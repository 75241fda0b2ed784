-- what: records of Grow and the records of Manage that they are linked to
-- level: 4
-- left: id in Manage that Grow's record names
-- right: live record of Manage with that id
-- unit: text
-- tolerance: 0
-- reason: a linked record is there or it is not
-- severity: error
-- needs: raw_clio_grow.contacts, raw_clio_grow.matters, raw_clio_manage.contacts,
--   raw_clio_manage.matters, staging.stg_manage__contacts, staging.stg_manage__matters,
--   staging.stg_grow__contacts, staging.stg_grow__matters
with linked as (
    select 'contact' as kind, grow_contact_id as grow_id,
        named_manage_contact_id as clio_id, 'contacts' as resource
    from staging.stg_grow__contacts
    where not is_deleted and named_manage_contact_id is not null
    union all
    select 'matter', grow_matter_id, named_manage_matter_id, 'matters'
    from staging.stg_grow__matters
    where not is_deleted and named_manage_matter_id is not null
),

manage as (
    select 'contact' as kind, contact_id as manage_id, is_deleted
    from staging.stg_manage__contacts
    union all
    select 'matter', matter_id, is_deleted
    from staging.stg_manage__matters
)

select
    concat('grow ', linked.kind, ':', linked.grow_id) as key,
    concat(linked.kind, ' ', linked.grow_id, ' of Grow') as label,
    cast(linked.clio_id as varchar) as left_value,
    case when not manage.is_deleted then cast(manage.manage_id as varchar) end as right_value,
    linked.resource,
    linked.clio_id as record_id,
    case when manage.is_deleted then 'deleted' else 'missing in Manage' end as cause
from linked
left join manage on manage.kind = linked.kind and manage.manage_id = linked.clio_id
