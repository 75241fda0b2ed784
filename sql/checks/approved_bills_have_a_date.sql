-- Approved bills without an issue date; they count from the day on which they were made.
-- severity: warn
select bill_id, number, issued_date
from staging.stg_manage__bills
where is_approved and not is_deleted and not is_issue_date_given
