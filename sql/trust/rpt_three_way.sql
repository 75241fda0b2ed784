-- grain: one row per trust account and month until today (bank_account_id, month_end)
-- materialized: table
-- Three-way reconciliation: the bank statement, adjusted for what it does not hold yet, the book
-- and the sum of the clients' ledgers must be equal. Where Clio's own balances of the clients are
-- not known, the ledgers by client stand for them. A report to review, no certificate.
-- basis: as_of
-- not_null: bank_account_id, month_end, book, status
-- accepted: status in (match,difference,book not known,ledgers not known,statement missing)
-- needs: trust.fct_trust_ledger
-- needs: trust.fct_trust_ledger.account_running for book, client_ledgers, in_transit, outstanding,
--   adjusted, diff_bank, diff_ledgers
-- needs: intermediate.int_trust__three_way.ledgers for ledgers, diff_ledgers
-- needs: seeds.bank_statements for statement
-- column: book: deposits less withdrawals up to the day
-- column: ledgers: what Clio itself said on that day of each client; empty where it is not known
-- column: client_ledgers: the book, but for what belongs to no client and no matter
-- column: statement: ending balance of the bank statement, from seeds/bank_statements.csv
-- column: adjusted: statement with deposits in transit and without outstanding withdrawals
-- column: status: statement missing means that book and ledgers agree but no statement was given
with legs as (
    select * from intermediate.int_trust__three_way
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
    cast(client_ledgers as decimal(18, 2)) as client_ledgers,
    statement,
    cast(in_transit as decimal(18, 2)) as in_transit,
    cast(outstanding as decimal(18, 2)) as outstanding,
    cast(statement + in_transit - outstanding as decimal(18, 2)) as adjusted,
    cast(statement + in_transit - outstanding - book as decimal(18, 2)) as diff_bank,
    cast(ledgers - book as decimal(18, 2)) as diff_ledgers,
    case
        when
            coalesce(ledgers, client_ledgers) <> book
            or statement + in_transit - outstanding <> book
            then 'difference'
        when book is null then 'book not known'
        when ledgers is null then 'ledgers not known'
        when statement is null then 'statement missing'
        else 'match'
    end as status,
    'clio_manage' as _source_system
from legs
