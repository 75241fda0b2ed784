-- what: accounts receivable, bill by bill, against Clio's own report
-- level: 3
-- left: balance in the report accounts_receivable
-- right: balance of the approved bill in the warehouse; trust requests are left out
-- unit: money
-- tolerance: 0.00
-- reason: bills are kept in cents
-- severity: error
-- needs: input.report_accounts_receivable, shared.known_bills, raw_clio_manage.bills,
--   staging.stg_manage__bills, staging.stg_manage__contacts
with report as (
    select
        bill,
        any_value(client) as client,
        sum(balance) as balance
    from report_accounts_receivable
    group by bill
),

bills as (
    select * from known_bills
    where has_number
),

contacts as (
    select distinct name from staging.stg_manage__contacts
    where not is_deleted
)

select
    concat('bill:', coalesce(report.bill, bills.number)) as key,
    concat('bill ', coalesce(report.bill, bills.number)) as label,
    coalesce(report.balance, 0) as left_value,
    case when bills.is_counted then bills.balance else 0 end as right_value,
    'bills' as resource,
    bills.bill_id as record_id,
    case
        when bills.bill_id is null and contacts.name is null then 'missing client'
        when bills.bill_id is null then 'missing in the warehouse'
        else bills.gap
    end as cause
from report
full outer join bills on bills.number = report.bill
left join contacts on contacts.name = report.client
where report.bill is not null or (bills.is_counted and bills.balance <> 0)
