-- grain: one row per record that Clio no longer has
-- materialized: view
-- Records whose deletion was confirmed and that have not come back.
-- unique: source, resource, record_id
-- not_null: source, resource, record_id
with source as (
    select * from meta.tombstones where revived_at is null)

select source, resource, record_id, max(detected_at) as detected_at
from source
group by source, resource, record_id
