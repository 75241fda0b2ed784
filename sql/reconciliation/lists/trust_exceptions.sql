select kind, record_id, client_id, matter_id, bank_account_id, amount, seen_on
from trust.rpt_trust_exceptions
order by kind, record_id
limit 10000
