-- grain: one row per matter (matter_id)
-- materialized: table
-- Matters with their people, place in the process, budget and trust money as they stand now.
-- not_null: matter_id, status, _loaded_at
-- relationships: client_id -> core.dim_contact.contact_id [warn]
-- needs: staging.stg_manage__matters
-- needs: staging.stg_manage__matter_account_balances.balance for trust_balance
-- column: stage_days: days since the matter came into its stage
-- column: trust_balance: what Clio says the trust accounts hold for the matter
with matters as (
    select * from staging.stg_manage__matters
),

clients as (
    select contact_id, name from staging.stg_manage__contacts
),

users as (
    select user_id, name from staging.stg_manage__users
),

practice_areas as (
    select practice_area_id, name from staging.stg_manage__practice_areas
),

stages as (
    select matter_stage_id, name from staging.stg_manage__matter_stages
),

trust as (
    select matter_id, sum(balance) as balance
    from staging.stg_manage__matter_account_balances
    where account_type = 'Trust'
    group by matter_id
),

today as (
    select * from intermediate.int_calendar__today
)

select
    matters.matter_id,
    matters.display_number,
    matters.description,
    matters.status,
    matters.client_id,
    clients.name as client_name,
    matters.practice_area_id,
    practice_areas.name as practice_area,
    matters.matter_stage_id,
    stages.name as stage,
    date_diff('day', matters.stage_date, today.today) as stage_days,
    matters.responsible_attorney_id,
    responsible.name as responsible_attorney,
    matters.originating_attorney_id,
    originating.name as originating_attorney,
    matters.billing_method,
    matters.is_billable,
    matters.currency_id,
    matters.budget,
    matters.budget_includes_expenses,
    matters.budget_threshold_pct,
    matters.evergreen_minimum,
    cast(coalesce(trust.balance, 0) as decimal(18, 2)) as trust_balance,
    matters.open_date,
    matters.pending_date,
    matters.close_date,
    matters.statute_task_id,
    matters.is_deleted,
    matters._loaded_at,
    'clio_manage' as _source_system
from matters
cross join today
left join clients on clients.contact_id = matters.client_id
left join practice_areas on practice_areas.practice_area_id = matters.practice_area_id
left join stages on stages.matter_stage_id = matters.matter_stage_id
left join users as responsible on responsible.user_id = matters.responsible_attorney_id
left join users as originating on originating.user_id = matters.originating_attorney_id
left join trust on trust.matter_id = matters.matter_id
