-- grain: one row per bill and matter
-- materialized: view
-- What Clio says a bill asks for each of its matters.
-- unique: bill_id, matter_id [warn]
-- not_null: bill_id
with source as (
    select id as bill_id, unnest(cast(matter_totals as json[])) as element
    from raw_clio_manage.bills
),

renamed as (
    select
        bill_id,
        cast(element ->> '$.id' as bigint) as matter_id,
        cast(element ->> '$.amount' as decimal(18, 2)) as amount
    from source
)

select * from renamed
