-- grain: one row per trust account and month until today (bank_account_id, month_end)
-- materialized: table
-- Three-way reconciliation: the bank statement, adjusted for what it does not hold yet, the book
-- and the sum of the clients' ledgers must be equal. A report to review, no certificate.
-- basis: as_of
-- not_null: bank_account_id, month_end, book, status
-- accepted: status in (match,difference,ledgers not known,statement missing)
-- column: book: deposits less withdrawals up to the day
-- column: ledgers: what Clio itself said on that day of each client; empty before the first load
-- column: statement: ending balance of the bank statement, from seeds/bank_statements.csv
-- column: adjusted: statement with deposits in transit and without outstanding withdrawals
-- column: status: statement missing means that book and ledgers agree but no statement was given
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
        coalesce(sum(transactions.funds_in - transactions.funds_out), 0) as book
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
),

joined as (
    select
        accounts.bank_account_id,
        accounts.name as account_name,
        accounts.currency_id,
        months.month_end,
        months.as_of_date,
        months.is_closed,
        book.book,
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
)

select
    bank_account_id,
    account_name,
    currency_id,
    month_end,
    as_of_date,
    is_closed,
    cast(book as decimal(18, 2)) as book,
    cast(ledgers as decimal(18, 2)) as ledgers,
    statement,
    cast(in_transit as decimal(18, 2)) as in_transit,
    cast(outstanding as decimal(18, 2)) as outstanding,
    cast(statement + in_transit - outstanding as decimal(18, 2)) as adjusted,
    cast(statement + in_transit - outstanding - book as decimal(18, 2)) as diff_bank,
    cast(ledgers - book as decimal(18, 2)) as diff_ledgers,
    case
        when ledgers <> book or statement + in_transit - outstanding <> book then 'difference'
        when ledgers is null then 'ledgers not known'
        when statement is null then 'statement missing'
        else 'match'
    end as status,
    'clio_manage' as _source_system
from joined
