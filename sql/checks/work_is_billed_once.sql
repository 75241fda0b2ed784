-- An activity on lines of more than one bill that stands.
-- severity: warn
select activity_id, count(distinct bill_id) as bills
from core.fct_bill_line
where activity_id is not null and is_approved
group by activity_id
having count(distinct bill_id) > 1
