-- grain: one row per matter with unbilled work and day
-- materialized: view
-- What Clio says is unbilled, one copy a day from the first load on.
-- unique: matter_id, balance_date
-- not_null: matter_id, balance_date
with source as (
    select * from raw_clio_manage.billable_matters__daily
),

renamed as (
    select
        source.id as matter_id,
        source.day as balance_date,
        cast(source.unbilled_hours as decimal(18, 4)) as unbilled_hours,
        cast(source.unbilled_amount as decimal(18, 2)) as unbilled_amount,
        cast(source.amount_in_trust as decimal(18, 2)) as amount_in_trust
    from source
)

select * from renamed
