-- grain: one row per matter and rate
-- materialized: view
-- Rates agreed for one matter.
-- unique: matter_id, matter_rate_id [warn]
-- not_null: matter_id
with source as (
    select id as matter_id, unnest(cast(custom_rate__rates as json[])) as element
    from raw_clio_manage.matters
),

renamed as (
    select
        matter_id,
        cast(element ->> '$.id' as bigint) as matter_rate_id,
        cast(element ->> '$.user.id' as bigint) as user_id,
        cast(element ->> '$.rate' as decimal(18, 2)) as rate
    from source
)

select * from renamed
