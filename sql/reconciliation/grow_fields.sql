-- what: names and e-mail addresses of linked records of Grow and Manage
-- level: 4
-- left: value in Grow
-- right: value in Manage
-- unit: text
-- tolerance: 0
-- reason: people spell a name twice; the difference is shown and is no error of either side
-- severity: warn
-- needs: raw_clio_grow.contacts, raw_clio_manage.contacts, staging.stg_grow__contacts,
--   staging.stg_manage__contacts
with pairs as (
    select
        grow.grow_contact_id,
        manage.contact_id,
        grow.name as grow_name,
        manage.name as manage_name,
        grow.primary_email as grow_email,
        lower(manage.primary_email) as manage_email
    from staging.stg_grow__contacts as grow
    inner join staging.stg_manage__contacts as manage on manage.contact_id = grow.named_manage_contact_id
    where not grow.is_deleted and not manage.is_deleted
),

fields as (
    select
        grow_contact_id,
        contact_id,
        'name' as field,
        lower(trim(grow_name)) as in_grow,
        lower(trim(manage_name)) as in_manage
    from pairs
    union all
    select
        grow_contact_id,
        contact_id,
        'email' as field,
        lower(trim(grow_email)),
        lower(trim(manage_email))
    from pairs
    where grow_email is not null and manage_email is not null
)

select
    concat('grow contact:', grow_contact_id, '.', field) as key,
    concat('contact ', grow_contact_id, ' of Grow, ', field) as label,
    in_grow as left_value,
    in_manage as right_value,
    'contacts' as resource,
    contact_id as record_id,
    'another value' as cause
from fields
