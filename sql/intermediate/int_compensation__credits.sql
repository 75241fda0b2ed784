-- grain: one row per collected fee line, role and payment (allocation_id, line_item_id, role)
-- materialized: view
-- Collected fees with who held each role on the day of the payment, and the rule that applies:
-- of those that fit, the one that names the user, then the one that names the practice area.
-- needs: core.dim_matter_history.originating_attorney_id,
--   core.dim_matter_history.responsible_attorney_id, staging.stg_manage__activities.user_id for
--   user_id
-- needs: staging.stg_manage__activities.matter_id for matter_id
-- needs: core.dim_user.email, staging.stg_manage__matters.practice_area_id,
--   staging.stg_manage__practice_areas.name for rule_id
with collections as (
    select * from core.fct_collection_line
    where is_default and is_cash and is_service
),

history as (
    select * from core.dim_matter_history
),

matters as (
    select matter_id, practice_area from core.dim_matter
),

users as (
    select user_id, lower(email) as email from core.dim_user
),

rules as (
    select * from seeds.comp_rules
),

placed as (
    select
        collections.*,
        history.originating_attorney_id,
        history.responsible_attorney_id
    from collections
    left join history
        on
            history.matter_id = collections.matter_id
            and collections.paid_date >= history.valid_from_date
            and (history.valid_to_date is null or collections.paid_date < history.valid_to_date)
),

roles as (
    select
        allocation_id,
        line_item_id,
        matter_id,
        currency_id,
        paid_date,
        net_amount,
        'originating' as role,
        originating_attorney_id as user_id
    from placed
    union all
    select
        allocation_id,
        line_item_id,
        matter_id,
        currency_id,
        paid_date,
        net_amount,
        'responsible' as role,
        responsible_attorney_id as user_id
    from placed
    union all
    select
        allocation_id,
        line_item_id,
        matter_id,
        currency_id,
        paid_date,
        net_amount,
        'working' as role,
        user_id
    from placed
),

ranked as (
    select
        roles.*,
        rules.rule_id,
        rules.pct,
        rules.cap,
        row_number() over (
            partition by roles.allocation_id, roles.line_item_id, roles.role
            order by
                case when rules.user_email is null then 1 else 0 end,
                case when rules.practice_area is null then 1 else 0 end,
                rules.rule_id
        ) as place
    from roles
    inner join users on users.user_id = roles.user_id
    left join matters on matters.matter_id = roles.matter_id
    inner join rules
        on
            rules.role = roles.role
            and (rules.user_email is null or lower(rules.user_email) = users.email)
            and (rules.practice_area is null or rules.practice_area = matters.practice_area)
            and roles.paid_date >= rules.valid_from
            and (rules.valid_to is null or roles.paid_date <= rules.valid_to)
)

select
    allocation_id,
    line_item_id,
    role,
    user_id,
    matter_id,
    currency_id,
    paid_date,
    net_amount,
    rule_id,
    pct,
    cap
from ranked
where place = 1
