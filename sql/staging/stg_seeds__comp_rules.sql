-- grain: one row per rule (rule_id)
-- materialized: view
-- What share of collected fees a role earns. An empty user or practice area means any; a cap is
-- for each user and calendar year.
-- not_null: rule_id
-- accepted: role in (originating,responsible,working)
with source as (
    select * from seeds.comp_rules
),

renamed as (
    select
        nullif(trim(cast(rule_id as varchar)), '') as rule_id,
        nullif(trim(cast(role as varchar)), '') as role,
        nullif(lower(trim(cast(user_email as varchar))), '') as user_email,
        nullif(trim(cast(practice_area as varchar)), '') as practice_area,
        cast(nullif(trim(cast(pct as varchar)), '') as decimal(9, 4)) as pct,
        cast(nullif(trim(cast(valid_from as varchar)), '') as date) as valid_from,
        cast(nullif(trim(cast(valid_to as varchar)), '') as date) as valid_to,
        cast(nullif(trim(cast(cap as varchar)), '') as decimal(18, 2)) as cap
    from source
)

select * from renamed
