-- grain: one row per lead
-- materialized: view
-- When a lead was first and last seen in the inbox.
-- unique: inbox_lead_id
-- not_null: inbox_lead_id
with source as (
    select * from raw_clio_grow.inbox_leads__seen
),

renamed as (
    select
        source.id as inbox_lead_id,
        source.first_seen as first_seen_at,
        source.last_seen as last_seen_at
    from source
)

select * from renamed
