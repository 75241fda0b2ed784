select
    account_name,
    month_end,
    as_of_date,
    statement,
    in_transit,
    outstanding,
    adjusted,
    book,
    ledgers,
    diff_bank,
    diff_ledgers,
    status
from trust.rpt_three_way
qualify row_number() over (partition by bank_account_id order by month_end desc) <= 13
order by status = 'match', account_name, month_end desc
