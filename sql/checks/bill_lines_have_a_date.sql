-- Lines of approved bills with neither a date nor work; they count from the issue of their bill.
-- severity: warn
select lines.line_item_id, lines.bill_id
from staging.stg_manage__line_items as lines
inner join core.fct_bill_line as counted on counted.line_item_id = lines.line_item_id
where counted.is_approved and lines.line_date is null and counted.work_date is null
