-- Every bill, and what is known of it that can explain why a report has another amount.
-- Reports name bills by number: of several bills with one, the newest that is there stands for it.
select
    *,
    is_approved and not is_deleted and not is_trust_request as is_counted,
    row_number() over (partition by number order by is_deleted, bill_id desc) = 1 as has_number,
    case
        when state in ('draft', 'awaiting_approval') then 'draft state'
        when is_deleted or state = 'void' then 'deleted'
        when currency_id <> mode(currency_id) over () then 'currency'
    end as gap
from staging.stg_manage__bills
