-- grain: one row per day (calendar_date)
-- materialized: view
-- Days from the month of the first movement of work or money until 24 months after today.
-- needs: nothing
with movements as (
    select work_date as movement_date from staging.stg_manage__activities
    union all
    select issued_date from staging.stg_manage__bills
    union all
    select allocation_date from staging.stg_manage__allocations
    union all
    select transaction_date from staging.stg_manage__bank_transactions
),

bounds as (
    select
        greatest(coalesce(min(movements.movement_date), max(today.today)), date '1990-01-01')
            as first_date,
        cast(max(today.today) + interval 24 month as date) as last_date
    from intermediate.int_calendar__today as today
    left join movements on true
)

select
    cast(
        unnest(generate_series(date_trunc('month', first_date), last_date, interval 1 day)) as date
    ) as calendar_date
from bounds
