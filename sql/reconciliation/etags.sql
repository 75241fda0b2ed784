-- what: the version of each record of the collections that were walked for this run
-- level: 1
-- left: etag that Clio lists
-- right: etag of the row in the warehouse
-- unit: text
-- tolerance: 0
-- reason: an etag is that of another version or of the same
-- severity: error
-- needs: input.clio_ids, input.our_ids, input.clio_records
select
    concat(clio.resource, ':', clio.record_id) as key,
    concat(clio.resource, ' ', clio.record_id) as label,
    clio.etag as left_value,
    ours.etag as right_value,
    clio.resource,
    clio.record_id,
    coalesce(records.moved, false) as moved,
    'another version' as cause
from clio_ids as clio
inner join our_ids as ours
    on ours.resource = clio.resource and ours.record_id = clio.record_id
left join clio_records as records
    on records.resource = clio.resource and records.record_id = clio.record_id
where clio.etag is not null and ours.etag is not null
