-- what: trust transactions by account, day and matter, against Clio's own report
-- level: 3
-- left: money in less money out in the report trust_ledger
-- right: money in less money out of the transactions in the warehouse
-- unit: money
-- tolerance: 0.00
-- reason: transactions are kept in cents
-- severity: error
-- needs: input.report_trust_ledger, input.asked_on, raw_clio_manage.bank_transactions,
--   staging.stg_manage__bank_transactions, staging.stg_manage__bank_accounts,
--   staging.stg_manage__matters
with report as (
    select
        account,
        day,
        matter,
        sum(funds_in - funds_out) as net
    from report_trust_ledger
    group by account, day, matter
),

ours as (
    select
        accounts.name as account,
        transactions.transaction_date as day,
        coalesce(matters.display_number, '') as matter,
        min(transactions.bank_transaction_id) as bank_transaction_id,
        sum(transactions.funds_in - transactions.funds_out) as net
    from staging.stg_manage__bank_transactions as transactions
    inner join staging.stg_manage__bank_accounts as accounts
        on accounts.bank_account_id = transactions.bank_account_id
    cross join asked_on
    left join staging.stg_manage__matters as matters
        on matters.matter_id = transactions.matter_id
    where
        not transactions.is_deleted
        and accounts.account_type = 'Trust'
        and transactions.transaction_date between asked_on.beginning and asked_on.today
    group by all
)

select
    concat(
        'ledger:', md5(concat_ws(
            '|', coalesce(report.account, ours.account), coalesce(report.day, ours.day),
            coalesce(report.matter, ours.matter)
        ))
    ) as key,
    concat_ws(
        ', ', coalesce(report.account, ours.account),
        cast(coalesce(report.day, ours.day) as varchar), coalesce(report.matter, ours.matter)
    ) as label,
    coalesce(report.net, 0) as left_value,
    coalesce(ours.net, 0) as right_value,
    'bank_transactions' as resource,
    ours.bank_transaction_id as record_id,
    case when ours.account is null then 'missing in the warehouse' end as cause
from report
full outer join ours
    on ours.account = report.account and ours.day = report.day and ours.matter = report.matter
