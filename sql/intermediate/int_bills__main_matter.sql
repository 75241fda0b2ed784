-- grain: one row per bill with a matter (bill_id)
-- materialized: view
-- The matter that a bill is counted under: the one that it asks most for, of equals the oldest.
with matters as (
    select * from staging.stg_manage__bill_matters
),

totals as (
    select * from staging.stg_manage__bill_matter_totals
),

ranked as (
    select
        matters.bill_id,
        matters.matter_id,
        row_number() over (
            partition by matters.bill_id
            order by coalesce(totals.amount, 0) desc, matters.matter_id
        ) as place,
        count(*) over (partition by matters.bill_id) as matter_count
    from matters
    left join totals on totals.bill_id = matters.bill_id and totals.matter_id = matters.matter_id
)

select bill_id, matter_id, matter_count from ranked
where place = 1
