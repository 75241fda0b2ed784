-- grain: one row per sender
-- materialized: view
-- Who sent an e-mail or called.
-- unique: communication_id, party_id, party_type [warn]
-- not_null: communication_id
with source as (
    select id as communication_id, unnest(cast(senders as json[])) as element
    from raw_clio_manage.communications
),

renamed as (
    select
        communication_id,
        cast(element ->> '$.id' as bigint) as party_id,
        element ->> '$.type' as party_type
    from source
)

select * from renamed
