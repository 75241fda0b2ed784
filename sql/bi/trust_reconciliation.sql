-- grain: one row per trust account and month (bank_account_id, month_end)
-- materialized: view
-- Three-way reconciliation by account and month, with the number of exceptions to review.
-- basis: as_of
-- needs: trust.rpt_three_way
-- needs: trust.rpt_trust_exceptions for exceptions
with exceptions as (
    select bank_account_id, count(*) as exceptions from trust.rpt_trust_exceptions
    group by bank_account_id
)

select
    reconciliation.*,
    case when not reconciliation.is_closed then coalesce(exceptions.exceptions, 0) end as exceptions
from trust.rpt_three_way as reconciliation
left join exceptions on exceptions.bank_account_id = reconciliation.bank_account_id
