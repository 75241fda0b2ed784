-- what: the ids of the collections that were walked for this run
-- level: 1
-- left: ids that Clio lists
-- right: ids of the live rows of the warehouse
-- unit: text
-- tolerance: 0
-- reason: a record is there or it is not
-- severity: error
-- needs: input.clio_ids, input.our_ids, input.clio_records
select
    concat(coalesce(clio.resource, ours.resource), ':', coalesce(clio.record_id, ours.record_id)) as key,
    concat(coalesce(clio.resource, ours.resource), ' ', coalesce(clio.record_id, ours.record_id)) as label,
    case when clio.record_id is not null then 'there' end as left_value,
    case when ours.record_id is not null then 'there' end as right_value,
    coalesce(clio.resource, ours.resource) as resource,
    coalesce(clio.record_id, ours.record_id) as record_id,
    coalesce(records.moved, false) as moved,
    case
        when ours.record_id is null then 'missing in the warehouse'
        when records.state = 'gone' then 'deleted'
        else 'not listed by Clio'
    end as cause
from clio_ids as clio
full outer join our_ids as ours
    on ours.resource = clio.resource and ours.record_id = clio.record_id
left join clio_records as records
    on
        records.resource = coalesce(clio.resource, ours.resource)
        and records.record_id = coalesce(clio.record_id, ours.record_id)
