-- grain: one row per calendar entry and attendee
-- materialized: view
-- Attendees of calendar entries.
-- unique: calendar_entry_id, attendee_id, attendee_type [warn]
-- not_null: calendar_entry_id
with source as (
    select id as calendar_entry_id, unnest(cast(attendees as json[])) as element
    from raw_clio_manage.calendar_entries
),

renamed as (
    select
        calendar_entry_id,
        cast(element ->> '$.id' as bigint) as attendee_id,
        element ->> '$.type' as attendee_type
    from source
)

select * from renamed
