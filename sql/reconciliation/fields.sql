-- what: single records field by field: a sample, and every record that the ids showed to differ
-- level: 1
-- left: the field as Clio answers when it is asked for that record alone
-- right: the field in the warehouse
-- unit: text
-- tolerance: 0
-- reason: a value is stored as Clio gives it
-- severity: error
-- needs: input.clio_fields, input.clio_records
select
    concat(resource, ':', record_id, '.', field) as key,
    concat(resource, ' ', record_id, ' ', field) as label,
    in_clio as left_value,
    in_warehouse as right_value,
    resource,
    record_id,
    moved,
    not_run,
    case
        when not_run is not null then null
        when field = 'id' and in_clio is null then 'deleted'
        else 'another value'
    end as cause
from clio_fields
union all
select
    concat(resource, ':', record_id) as key,
    concat(resource, ' ', record_id) as label,
    'every field' as left_value,
    'every field' as right_value,
    resource,
    record_id,
    false as moved,
    null as not_run,
    null as cause
from clio_records
where
    state = 'there'
    and (resource, record_id) not in (select (resource, record_id) from clio_fields)
