-- Work whose hours and amounts Clio hides from this user; every figure would silently be too low.
-- severity: warn
select activity_id, user_id, work_date
from core.fct_activity
where is_redacted
