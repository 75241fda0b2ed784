-- grain: one row per bill and matter
-- materialized: view
-- Matters of bills; a bill may have several.
-- unique: bill_id, matter_id [warn]
-- not_null: bill_id
with source as (
    select id as bill_id, unnest(cast(matters as json[])) as element
    from raw_clio_manage.bills
),

renamed as (
    select
        bill_id,
        cast(element ->> '$.id' as bigint) as matter_id
    from source
)

select * from renamed
