-- grain: one row per calendar entry
-- materialized: view
-- Calendar entries. Their ids are text.
-- unique: calendar_entry_id
-- not_null: calendar_entry_id
with source as (
    select * from raw_clio_manage.calendar_entries
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'calendar_entries'
),

build as (
    select * from meta.build
),

renamed as (
    select
        source.id as calendar_entry_id,
        source.matter__id as matter_id,
        source.calendar_owner__id as calendar_owner_id,
        source.calendar_entry_event_type__id as event_type_id,
        source.matter_docket__id as matter_docket_id,
        source.parent_calendar_entry__id as parent_calendar_entry_id,
        source.summary,
        source.location,
        source.recurrence_rule,
        coalesce(source.all_day, false) as is_all_day,
        coalesce(source.court_rule, false) as is_court_rule,
        source.start_date,
        source.end_date,
        source.start_at,
        source.end_at,
        source.created_at,
        source.updated_at,
        coalesce(source.start_date, cast(timezone(build.time_zone, source.start_at) as date))
            as entry_date,
        coalesce(json_array_length(source.reminders), 0) as reminder_count,
        tombstones.record_id is not null as is_deleted,
        source._synced_at as _loaded_at
    from source
    cross join build
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
