-- grain: one row per bill, frozen month and cause (bill_id, month_end, cause)
-- materialized: table
-- The walk from the receivables frozen at a month-end to what is known of that day now. The
-- frozen balances and the changes by cause sum to the present balance.
-- basis: as_of
-- not_null: bill_id, month_end, cause, amount
-- accepted: cause in (frozen,bill gone,bill appeared,bill changed,interest changed,payments
--   changed)
-- needs: finance.fct_ar_monthly, finance.fct_ar_monthly.balance
-- column: cause: frozen is the start of the walk; a bill that appeared owed nothing when frozen
with frozen_months as (
    select * from finance.fct_ar_frozen
),

frozen as (
    select * from frozen_months
    where bill_id <> 0
),

months as (
    select distinct month_end from frozen_months
),

present as (
    select receivables.*
    from finance.fct_ar_monthly as receivables
    inner join months on months.month_end = receivables.month_end
),

known_now as (
    select
        frozen.bill_id,
        frozen.month_end,
        sum(case when movements.cause = 'issue' then movements.amount else 0 end) as billed,
        sum(case when movements.cause = 'interest' then movements.amount else 0 end) as interest,
        sum(case when movements.cause in ('allocation', 'void') then -movements.amount else 0 end)
            as allocated
    from frozen
    inner join intermediate.int_ar__movements as movements
        on movements.bill_id = frozen.bill_id and movements.movement_date <= frozen.month_end
    group by frozen.bill_id, frozen.month_end
),

changes as (
    select
        frozen.*,
        known_now.bill_id is null as is_gone,
        known_now.billed - frozen.billed as billed_change,
        known_now.interest - frozen.interest as interest_change,
        frozen.allocated - known_now.allocated as payment_change
    from frozen
    left join known_now
        on known_now.bill_id = frozen.bill_id and known_now.month_end = frozen.month_end
),

causes as (
    select
        bill_id,
        month_end,
        client_id,
        matter_id,
        currency_id,
        'frozen' as cause,
        balance as amount
    from changes
    union all
    select bill_id, month_end, client_id, matter_id, currency_id, 'bill gone', -balance
    from changes
    where is_gone
    union all
    select bill_id, month_end, client_id, matter_id, currency_id, 'bill changed', billed_change
    from changes
    where billed_change <> 0
    union all
    select
        bill_id,
        month_end,
        client_id,
        matter_id,
        currency_id,
        'interest changed',
        interest_change
    from changes
    where interest_change <> 0
    union all
    select bill_id, month_end, client_id, matter_id, currency_id, 'payments changed', payment_change
    from changes
    where payment_change <> 0
    union all
    select
        present.bill_id,
        present.month_end,
        present.client_id,
        present.matter_id,
        present.currency_id,
        'bill appeared',
        present.balance
    from present
    left join frozen
        on frozen.bill_id = present.bill_id and frozen.month_end = present.month_end
    where frozen.bill_id is null
)

select
    bill_id,
    month_end,
    client_id,
    matter_id,
    currency_id,
    cause,
    cast(amount as decimal(18, 2)) as amount,
    'clio_manage' as _source_system
from causes
