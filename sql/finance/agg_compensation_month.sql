-- grain: one row per user, role, matter, rule, currency and month of payment (user_id, role,
--   matter_id, rule_id, currency_id, month_start)
-- materialized: table
-- What attorneys earn by the firm's rules from fees that were collected, by who held the role on
-- the day of the payment. Empty until the firm gives rules in seeds/comp_rules.csv.
-- basis: event
-- not_null: user_id, role, month_start, credit
-- relationships: user_id -> core.dim_user.user_id [warn]
-- accepted: role in (originating,responsible,working)
-- needs: intermediate.int_compensation__credits, intermediate.int_compensation__credits.user_id,
--   intermediate.int_compensation__credits.matter_id,
--   intermediate.int_compensation__credits.rule_id,
--   intermediate.int_compensation__credits.currency_id
-- needs: intermediate.int_compensation__credits.net_amount for collected_fees, credit
-- column: credit: collected fees times the rule's share, until the rule's cap for the year
with credits as (
    select * from intermediate.int_compensation__credits
),

monthly as (
    select
        user_id,
        role,
        matter_id,
        rule_id,
        currency_id,
        cast(date_trunc('month', paid_date) as date) as month_start,
        max(pct) as pct,
        max(cap) as cap,
        sum(net_amount) as collected_fees,
        cast(sum(net_amount) * max(pct) as decimal(18, 2)) as uncapped
    from credits
    group by user_id, role, matter_id, rule_id, currency_id, date_trunc('month', paid_date)
),

running as (
    select
        *,
        sum(uncapped) over (
            partition by user_id, role, rule_id, currency_id, extract(year from month_start)
            order by month_start, matter_id
            rows between unbounded preceding and current row
        ) as earned
    from monthly
)

select
    user_id,
    role,
    matter_id,
    rule_id,
    currency_id,
    month_start,
    pct,
    cast(collected_fees as decimal(18, 2)) as collected_fees,
    cast(
        case
            when cap is null then uncapped
            else least(earned, cap) - least(earned - uncapped, cap)
        end as decimal(18, 2)
    ) as credit,
    'clio_manage' as _source_system
from running
