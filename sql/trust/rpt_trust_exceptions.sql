-- grain: one row per thing to review (kind, record_id)
-- materialized: table
-- Exceptions of the trust accounts to review. They are no verdict on anyone's compliance.
-- basis: as_of
-- not_null: kind, record_id
-- accepted: kind in (negative ledger,no client,closed matter with trust,dormant balance,
--   unpaid bill with trust,payment without allocation,below evergreen minimum,changed after close,
--   book differs from Clio,fee on a client ledger)
-- needs: trust.fct_trust_ledger, trust.fct_trust_ledger.account_running,
--   trust.fct_trust_ledger.client_id, trust.fct_trust_ledger.bill_id,
--   trust.fct_trust_ledger.allocation_id, trust.fct_trust_ledger.transaction_type,
--   trust.fct_trust_ledger.updated_date, core.fct_bill, core.fct_bill.balance,
--   core.fct_bill.client_id, core.fct_allocation, core.dim_matter, core.dim_matter.status,
--   core.dim_matter.trust_balance, core.dim_matter.evergreen_minimum,
--   staging.stg_manage__contact_account_balances.balance,
--   staging.stg_manage__bank_accounts.balance
-- column: record_id: what it is about, as kind and id, such as matter:123
-- column: amount: the money in question
-- column: seen_on: the day from which it is so, where there is one
with ledger as (
    select * from trust.fct_trust_ledger
),

today as (
    select * from intermediate.int_calendar__today
),

settings as (
    select * from intermediate.int_settings__values
),

accounts as (
    select * from staging.stg_manage__bank_accounts
    where account_type = 'Trust' and not is_deleted
),

matters as (
    select * from core.dim_matter
    where not is_deleted
),

ledger_ends as (
    select
        bank_account_id,
        ledger,
        max(client_id) as client_id,
        max(matter_id) as matter_id,
        sum(funds_in - funds_out) as balance,
        max(transaction_date) as last_date,
        min(ledger_running) as lowest,
        min(case when is_negative then transaction_date end) as negative_since
    from ledger
    group by bank_account_id, ledger
),

owed as (
    select client_id, sum(balance) as balance, min(due_date) as due_date
    from core.fct_bill
    where is_revenue and balance > 0
    group by client_id
),

client_trust as (
    select balances.contact_id, sum(balances.balance) as balance
    from staging.stg_manage__contact_account_balances as balances
    inner join staging.stg_manage__contacts as contacts
        on contacts.contact_id = balances.contact_id and not contacts.is_deleted
    where balances.account_type = 'Trust'
    group by balances.contact_id
),

found as (
    select
        'negative ledger' as kind,
        concat(ledger, ' account:', cast(bank_account_id as varchar)) as record_id,
        client_id,
        matter_id,
        bank_account_id,
        lowest as amount,
        negative_since as seen_on
    from ledger_ends
    where lowest < 0 and ledger <> 'none'
    union all
    select
        'no client',
        concat('transaction:', cast(bank_transaction_id as varchar)),
        client_id,
        matter_id,
        bank_account_id,
        funds_in - funds_out,
        transaction_date
    from ledger
    where client_id is null and matter_id is null
    union all
    select
        'closed matter with trust',
        concat('matter:', cast(matter_id as varchar)),
        client_id,
        matter_id,
        cast(null as bigint),
        trust_balance,
        close_date
    from matters
    where status = 'Closed' and trust_balance <> 0
    union all
    select
        'dormant balance',
        concat(ledger_ends.ledger, ' account:', cast(ledger_ends.bank_account_id as varchar)),
        ledger_ends.client_id,
        ledger_ends.matter_id,
        ledger_ends.bank_account_id,
        ledger_ends.balance,
        ledger_ends.last_date
    from ledger_ends
    cross join today
    cross join settings
    where
        ledger_ends.balance > 0
        and date_diff('day', ledger_ends.last_date, today.today) >= settings.dormant_trust_days
    union all
    select
        'unpaid bill with trust',
        concat('contact:', cast(owed.client_id as varchar)),
        owed.client_id,
        cast(null as bigint),
        cast(null as bigint),
        least(owed.balance, client_trust.balance),
        owed.due_date
    from owed
    inner join client_trust on client_trust.contact_id = owed.client_id
    where client_trust.balance > 0
    union all
    select
        'payment without allocation',
        concat('transaction:', cast(ledger.bank_transaction_id as varchar)),
        ledger.client_id,
        ledger.matter_id,
        ledger.bank_account_id,
        ledger.funds_out,
        ledger.transaction_date
    from ledger
    inner join intermediate.int_trust__unallocated as unallocated
        on unallocated.bank_transaction_id = ledger.bank_transaction_id
    where unallocated.amount > 0
    union all
    select
        'fee on a client ledger',
        concat('transaction:', cast(bank_transaction_id as varchar)),
        client_id,
        matter_id,
        bank_account_id,
        funds_out,
        transaction_date
    from ledger
    where
        funds_out > 0
        and ledger <> 'none'
        and lower(coalesce(transaction_type, '')) like '%fee%'
    union all
    select
        'below evergreen minimum',
        concat('matter:', cast(matter_id as varchar)),
        client_id,
        matter_id,
        cast(null as bigint),
        trust_balance - evergreen_minimum,
        cast(null as date)
    from matters
    where status <> 'Closed' and trust_balance < evergreen_minimum
    union all
    select
        'changed after close',
        concat('transaction:', cast(ledger.bank_transaction_id as varchar)),
        ledger.client_id,
        ledger.matter_id,
        ledger.bank_account_id,
        ledger.funds_in - ledger.funds_out,
        ledger.updated_date
    from ledger
    where
        ledger.updated_date
        > cast(last_day(ledger.transaction_date) + interval 1 month as date)
    union all
    select
        'book differs from Clio',
        concat('account:', cast(accounts.bank_account_id as varchar)),
        cast(null as bigint),
        cast(null as bigint),
        accounts.bank_account_id,
        accounts.balance - coalesce(sum(ledger.funds_in - ledger.funds_out), 0),
        cast(null as date)
    from accounts
    left join ledger on ledger.bank_account_id = accounts.bank_account_id
    group by accounts.bank_account_id, accounts.balance
    having accounts.balance <> coalesce(sum(ledger.funds_in - ledger.funds_out), 0)
)

select
    kind,
    record_id,
    client_id,
    matter_id,
    bank_account_id,
    cast(amount as decimal(18, 2)) as amount,
    seen_on,
    'clio_manage' as _source_system
from found
