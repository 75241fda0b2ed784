-- grain: one row per client, trust account and day on which it was seen (contact_id,
--   bank_account_id, balance_date)
-- materialized: view
-- What Clio itself says the trust accounts hold for each client, today and on the days of which
-- there is a copy. Matters are not added to it: a client's balance holds those of the matters.
-- What was stored of a contact that is deleted, or merged into another, holds nothing today.
-- needs: staging.stg_manage__bank_accounts, staging.stg_manage__contact_account_balances,
--   staging.stg_manage__contact_account_balances.balance
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
    inner join staging.stg_manage__contacts as contacts
        on contacts.contact_id = present.contact_id and not contacts.is_deleted
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
