-- what: what each matter has unbilled, owes and has in trust, against Clio's own report
-- level: 3
-- left: amount in the report matter_balance_summary
-- right: unbilled work, balances of approved bills and trust transactions in the warehouse
-- unit: money
-- tolerance: 0.00
-- reason: all three are sums in cents
-- severity: error
-- needs: raw_clio_manage.activities_written_off, input.report_matter_balance_summary,
--   input.asked_on, shared.known_bills, shared.known_matters, raw_clio_manage.matters,
--   raw_clio_manage.bills,
--   raw_clio_manage.activities, core.fct_activity, core.fct_bill, staging.stg_manage__bills,
--   staging.stg_manage__bill_matters, staging.stg_manage__bank_transactions,
--   staging.stg_manage__bank_accounts, staging.stg_manage__matters
with report as (
    unpivot (
        select
            matter,
            sum(wip) as "work in progress",
            sum(owed) as "outstanding",
            sum(trust) as "trust"
        from report_matter_balance_summary
        group by matter
    ) on "work in progress", "outstanding", "trust" into name measure value amount
),

gaps as (
    select
        matters.number as matter,
        sum(bills.balance) filter (bills.gap = 'draft state' and not bills.is_deleted) as drafts,
        bool_or(bills.gap = 'currency' and bills.is_counted and bills.balance <> 0) as is_foreign
    from known_bills as bills
    inner join staging.stg_manage__bill_matters as billed on billed.bill_id = bills.bill_id
    inner join known_matters as matters on matters.matter_id = billed.matter_id
    group by matters.number
),

parts as (
    select
        activities.matter_id,
        'work in progress' as measure,
        sum(activities.billable_amount) as amount
    from core.fct_activity as activities
    cross join asked_on
    where
        activities.billing_status in ('unbilled', 'on_draft')
        and activities.work_date <= asked_on.today
    group by activities.matter_id
    union all
    select
        matter_id,
        'outstanding' as measure,
        sum(balance) as amount
    from core.fct_bill
    where is_revenue
    group by matter_id
    union all
    select
        transactions.matter_id,
        'trust' as measure,
        sum(transactions.funds_in - transactions.funds_out) as amount
    from staging.stg_manage__bank_transactions as transactions
    inner join staging.stg_manage__bank_accounts as accounts
        on accounts.bank_account_id = transactions.bank_account_id
    where not transactions.is_deleted and accounts.account_type = 'Trust'
    group by transactions.matter_id
),

ours as (
    select
        matters.number as matter,
        parts.measure,
        sum(parts.amount) as amount
    from parts
    inner join known_matters as matters on matters.matter_id = parts.matter_id
    group by matters.number, parts.measure
)

select
    concat(
        'matter:', coalesce(cast(matters.matter_id as varchar), md5(report.matter)),
        ' ', coalesce(report.measure, ours.measure)
    ) as key,
    concat(coalesce(report.matter, ours.matter), ', ', coalesce(report.measure, ours.measure))
        as label,
    coalesce(report.amount, 0) as left_value,
    coalesce(ours.amount, 0) as right_value,
    'matters' as resource,
    matters.matter_id as record_id,
    case
        when matters.matter_id is null then 'missing in the warehouse'
        when matters.is_deleted then 'deleted'
        when coalesce(report.measure, ours.measure) <> 'outstanding' then null
        when coalesce(report.amount, 0) = coalesce(ours.amount, 0) + gaps.drafts then 'draft state'
        when gaps.is_foreign then 'currency'
    end as cause
from report
full outer join ours on ours.matter = report.matter and ours.measure = report.measure
left join known_matters as matters
    on matters.number = coalesce(report.matter, ours.matter) and matters.has_number
left join gaps on gaps.matter = matters.number
where coalesce(report.amount, 0) <> 0 or coalesce(ours.amount, 0) <> 0
