-- Records of Grow that name a record of Manage which is not there.
-- severity: warn
select grow_kind, grow_id, method
from core.xref_grow_manage
where status = 'conflict'
