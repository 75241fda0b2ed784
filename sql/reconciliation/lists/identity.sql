select grow_kind, grow_id, manage_id, method, score, status, candidates, differing_fields
from core.xref_grow_manage
order by status = 'linked', grow_kind, grow_id
limit 10000
