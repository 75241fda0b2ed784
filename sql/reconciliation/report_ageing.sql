-- what: the age of what is owed, bill by bill, against Clio's own report
-- level: 3
-- left: amount in the bucket of the report accounts_receivable_aging
-- right: balance of the approved bill by the days since its due date, as of the same day
-- unit: money
-- tolerance: 0.00
-- reason: bills are kept in cents
-- severity: error
-- needs: input.report_accounts_receivable_aging, input.asked_on, shared.known_bills,
--   raw_clio_manage.bills, staging.stg_manage__bills
with report as (
    unpivot (
        select
            bill,
            sum(b_current) as "current",
            sum(b_1_30) as "1-30",
            sum(b_31_60) as "31-60",
            sum(b_61_90) as "61-90",
            sum(b_91) as "91+"
        from report_accounts_receivable_aging
        group by bill
    ) on "current", "1-30", "31-60", "61-90", "91+" into name bucket value balance
),

bills as (
    select
        bills.*,
        date_diff('day', coalesce(bills.due_date, bills.issued_date), asked_on.today) as days_late
    from known_bills as bills
    cross join asked_on
    where bills.has_number
),

aged as (
    select
        *,
        case
            when days_late <= 0 then 'current'
            when days_late <= 30 then '1-30'
            when days_late <= 60 then '31-60'
            when days_late <= 90 then '61-90'
            else '91+'
        end as bucket
    from bills
    where is_counted and balance <> 0
),

joined as (
    select
        coalesce(report.bill, aged.number) as number,
        coalesce(report.bucket, aged.bucket) as bucket,
        coalesce(report.balance, 0) as in_report,
        coalesce(aged.balance, 0) as in_warehouse
    from (select * from report where balance <> 0) as report
    full outer join aged on aged.number = report.bill and aged.bucket = report.bucket
)

select
    concat('bill:', joined.number, ' ', joined.bucket) as key,
    concat('bill ', joined.number, ', ', joined.bucket) as label,
    joined.in_report as left_value,
    joined.in_warehouse as right_value,
    'bills' as resource,
    bills.bill_id as record_id,
    case
        when bills.bill_id is null then 'missing in the warehouse'
        else bills.gap
    end as cause
from joined
left join bills on bills.number = joined.number
