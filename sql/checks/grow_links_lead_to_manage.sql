-- Records of Grow that name a record of Manage which is not there.
-- severity: warn
-- needs: staging.stg_manage__contacts, staging.stg_manage__matters,
--   intermediate.int_grow_links__candidates.score
select grow_kind, grow_id, method
from core.xref_grow_manage
where status = 'conflict'
