-- grain: one row per trust account and month until today (bank_account_id, month_end)
-- materialized: view
-- The legs of the three-way reconciliation, before they are compared.
-- needs: trust.fct_trust_ledger
-- needs: trust.fct_trust_ledger.account_running for book, client_ledgers, in_transit, outstanding
-- needs: intermediate.int_trust__ledgers, intermediate.int_trust__ledgers.balance for ledgers
-- column: ledgers: what Clio itself said on that day of each client
-- column: client_ledgers: what the transactions come to that have a client or a matter
with months as (
    select * from intermediate.int_calendar__month_ends
),

accounts as (
    select * from staging.stg_manage__bank_accounts
    where account_type = 'Trust' and not is_deleted
),

transactions as (
    select * from trust.fct_trust_ledger
),

book as (
    select
        accounts.bank_account_id,
        months.month_end,
        coalesce(sum(transactions.funds_in - transactions.funds_out), 0) as book,
        coalesce(
            sum(
                case
                    when transactions.ledger <> 'none'
                        then transactions.funds_in - transactions.funds_out
                end
            ), 0
        ) as client_ledgers
    from accounts
    cross join months
    left join transactions
        on
            transactions.bank_account_id = accounts.bank_account_id
            and transactions.transaction_date <= months.as_of_date
    group by accounts.bank_account_id, months.month_end
),

seen_days as (
    select distinct balance_date from intermediate.int_trust__ledgers
    union
    select today from intermediate.int_calendar__today
),

ledgers as (
    select
        bank_account_id,
        balance_date,
        sum(balance) as balance
    from intermediate.int_trust__ledgers
    group by bank_account_id, balance_date
),

statements as (
    select * from seeds.bank_statements
),

uncleared as (
    select
        uncleared_rows.bank_account_id,
        uncleared_rows.statement_date,
        sum(transactions.funds_in) as in_transit,
        sum(transactions.funds_out) as outstanding
    from seeds.uncleared_transactions as uncleared_rows
    inner join transactions
        on transactions.bank_transaction_id = uncleared_rows.bank_transaction_id
    group by uncleared_rows.bank_account_id, uncleared_rows.statement_date
)

select
    accounts.bank_account_id,
    accounts.name as account_name,
    accounts.currency_id,
    months.month_end,
    months.as_of_date,
    months.is_closed,
    book.book,
    book.client_ledgers,
    case when seen_days.balance_date is not null then coalesce(ledgers.balance, 0) end
        as ledgers,
    statements.ending_balance as statement,
    coalesce(uncleared.in_transit, 0) as in_transit,
    coalesce(uncleared.outstanding, 0) as outstanding
from accounts
cross join months
inner join book
    on book.bank_account_id = accounts.bank_account_id and book.month_end = months.month_end
left join seen_days on seen_days.balance_date = months.as_of_date
left join ledgers
    on
        ledgers.bank_account_id = accounts.bank_account_id
        and ledgers.balance_date = months.as_of_date
left join statements
    on
        statements.bank_account_id = accounts.bank_account_id
        and statements.statement_date = months.as_of_date
left join uncleared
    on
        uncleared.bank_account_id = accounts.bank_account_id
        and uncleared.statement_date = months.as_of_date
