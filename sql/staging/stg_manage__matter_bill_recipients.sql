-- grain: one row per matter and bill recipient
-- materialized: view
-- Who receives the bills of a matter.
-- unique: matter_id, matter_bill_recipient_id [warn]
-- not_null: matter_id
with source as (
    select id as matter_id, unnest(cast(matter_bill_recipients as json[])) as element
    from raw_clio_manage.matters
),

renamed as (
    select
        matter_id,
        cast(element ->> '$.id' as bigint) as matter_bill_recipient_id,
        cast(element ->> '$.recipient.id' as bigint) as contact_id
    from source
)

select * from renamed
