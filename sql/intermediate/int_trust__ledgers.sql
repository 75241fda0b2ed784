-- grain: one row per client, trust account and day on which it was seen (contact_id,
--   bank_account_id, balance_date)
-- materialized: view
-- What Clio itself says the trust accounts hold for each client, today and on the days of which
-- there is a copy. Matters are not added to it: a client's balance holds those of the matters.
with accounts as (
    select bank_account_id from staging.stg_manage__bank_accounts
    where account_type = 'Trust'
),

balances as (
    select
        present.contact_id,
        present.bank_account_id,
        today.today as balance_date,
        present.balance
    from staging.stg_manage__contact_account_balances as present
    cross join intermediate.int_calendar__today as today
    union all
    select
        days.contact_id,
        days.bank_account_id,
        days.balance_date,
        days.balance
    from staging.stg_manage__contact_account_balance_days as days
    cross join intermediate.int_calendar__today as today
    where days.balance_date < today.today
)

select balances.*
from balances
inner join accounts on accounts.bank_account_id = balances.bank_account_id
