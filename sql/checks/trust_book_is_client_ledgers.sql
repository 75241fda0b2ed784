-- The book of each trust account is what Clio itself says its clients have there today.
-- severity: warn
select bank_account_id, month_end, book, ledgers
from trust.rpt_three_way
where not is_closed and ledgers <> book
