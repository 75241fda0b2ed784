-- what: money in trust by account, matter and client, against Clio's own report
-- level: 3
-- left: balance in the report trust_listing
-- right: transactions of the trust account in the warehouse
-- unit: money
-- tolerance: 0.00
-- reason: both are sums of transactions, in cents
-- severity: error
-- needs: input.report_trust_listing, raw_clio_manage.bank_transactions,
--   staging.stg_manage__bank_transactions, staging.stg_manage__bank_accounts,
--   staging.stg_manage__matters, staging.stg_manage__contacts
with report as (
    select
        account,
        matter,
        client,
        sum(balance) as balance
    from report_trust_listing
    group by account, matter, client
),

ours as (
    select
        accounts.name as account,
        coalesce(matters.display_number, '') as matter,
        coalesce(contacts.name, '') as client,
        any_value(transactions.matter_id) as matter_id,
        bool_or(transactions.client_id is not null and contacts.contact_id is null) as lacks_client,
        sum(transactions.funds_in - transactions.funds_out) as balance
    from staging.stg_manage__bank_transactions as transactions
    inner join staging.stg_manage__bank_accounts as accounts
        on accounts.bank_account_id = transactions.bank_account_id
    left join staging.stg_manage__matters as matters
        on matters.matter_id = transactions.matter_id
    left join staging.stg_manage__contacts as contacts
        on contacts.contact_id = transactions.client_id
    where not transactions.is_deleted and accounts.account_type = 'Trust'
    group by all
)

select
    concat(
        'ledger:', md5(concat_ws(
            '|', coalesce(report.account, ours.account), coalesce(report.matter, ours.matter),
            coalesce(report.client, ours.client)
        ))
    ) as key,
    concat_ws(
        ', ', coalesce(report.account, ours.account), coalesce(report.matter, ours.matter),
        coalesce(report.client, ours.client)
    ) as label,
    coalesce(report.balance, 0) as left_value,
    coalesce(ours.balance, 0) as right_value,
    'matters' as resource,
    ours.matter_id as record_id,
    case
        when ours.lacks_client then 'missing client'
        when ours.account is null and report.client <> '' and contacts.contact_id is null
            then 'missing client'
    end as cause
from report
full outer join ours
    on
        ours.account = report.account
        and ours.matter = report.matter
        and ours.client = report.client
left join (select name, min(contact_id) as contact_id from staging.stg_manage__contacts
    where not is_deleted group by name) as contacts
    on contacts.name = report.client
where report.account is not null or ours.balance <> 0
