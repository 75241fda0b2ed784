-- Two contacts of Grow on one contact of Manage.
-- severity: warn
-- needs: intermediate.int_grow_links__candidates.score
select manage_id, count(*) as grow_records
from core.xref_grow_manage
where grow_kind = 'contact' and status = 'linked'
group by manage_id
having count(*) > 1
