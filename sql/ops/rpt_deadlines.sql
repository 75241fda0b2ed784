-- grain: one row per deadline (kind, record_id)
-- materialized: table
-- What is due, and open matters that should have a limitation date and have none.
-- basis: as_of
-- not_null: kind, record_id, status
-- accepted: kind in (limitation,task,court,missing limitation)
-- accepted: rung in (overdue,7,14,30,60,90,later)
-- accepted: status in (open,done,missing)
-- needs: staging.stg_manage__tasks, staging.stg_manage__calendar_entries, core.dim_matter
-- needs: staging.stg_manage__tasks, staging.stg_manage__tasks.due_date,
--   staging.stg_manage__tasks.is_complete, staging.stg_manage__tasks.is_statute_of_limitations,
--   staging.stg_manage__calendar_entries, staging.stg_manage__calendar_entries.entry_date,
--   staging.stg_manage__calendar_entries.is_court_rule,
--   staging.stg_manage__calendar_entries.matter_docket_id, core.dim_matter,
--   core.dim_matter.status, core.dim_matter.statute_task_id for days_left, rung
-- column: record_id: id of the task, calendar entry or, where none is, matter
-- column: rung: the step of the ladder that it stands on, in days
-- column: flags: what is wrong with it, separated by commas
with tasks as (
    select * from staging.stg_manage__tasks
    where not is_deleted
),

matters as (
    select * from core.dim_matter
    where not is_deleted
),

users as (
    select * from core.dim_user
),

today as (
    select * from intermediate.int_calendar__today
),

moved as (
    select distinct versions.task_id
    from staging.stg_manage__task_versions as versions
    inner join tasks on tasks.task_id = versions.task_id
    where versions.due_date is distinct from tasks.due_date
),

limitation_matters as (
    select distinct statute_task_id as task_id from matters
    where statute_task_id is not null
),

found as (
    select
        case
            when tasks.is_statute_of_limitations or limitation_matters.task_id is not null
                then 'limitation'
            else 'task'
        end as kind,
        cast(tasks.task_id as varchar) as record_id,
        tasks.matter_id,
        tasks.name,
        tasks.due_date,
        tasks.assignee_user_id as user_id,
        case when tasks.is_complete then 'done' else 'open' end as status,
        tasks.reminder_count = 0 as has_no_reminder,
        moved.task_id is not null as was_moved
    from tasks
    left join limitation_matters on limitation_matters.task_id = tasks.task_id
    left join moved on moved.task_id = tasks.task_id
    where
        tasks.due_date is not null
        or tasks.is_statute_of_limitations
        or limitation_matters.task_id is not null
    union all
    select
        'court' as kind,
        entries.calendar_entry_id as record_id,
        entries.matter_id,
        entries.summary as name,
        entries.entry_date as due_date,
        calendars.creator_id as user_id,
        case when entries.entry_date < today.today then 'done' else 'open' end as status,
        entries.reminder_count = 0 as has_no_reminder,
        false as was_moved
    from staging.stg_manage__calendar_entries as entries
    cross join today
    left join staging.stg_manage__calendars as calendars
        on calendars.calendar_id = entries.calendar_owner_id
    where
        not entries.is_deleted
        and (entries.is_court_rule or entries.matter_docket_id is not null)
    union all
    select
        'missing limitation' as kind,
        cast(matters.matter_id as varchar) as record_id,
        matters.matter_id,
        cast(null as varchar) as name,
        cast(null as date) as due_date,
        matters.responsible_attorney_id as user_id,
        'missing' as status,
        false as has_no_reminder,
        false as was_moved
    from matters
    inner join seeds.limitation_practice_areas as areas
        on areas.practice_area = matters.practice_area
    left join tasks
        on tasks.matter_id = matters.matter_id and tasks.is_statute_of_limitations
    where matters.status = 'Open' and matters.statute_task_id is null and tasks.task_id is null
)

select
    found.kind,
    found.record_id,
    found.matter_id,
    matters.display_number,
    found.name,
    found.due_date,
    date_diff('day', today.today, found.due_date) as days_left,
    case
        when found.status <> 'open' or found.due_date is null then null
        when found.due_date < today.today then 'overdue'
        when date_diff('day', today.today, found.due_date) <= 7 then '7'
        when date_diff('day', today.today, found.due_date) <= 14 then '14'
        when date_diff('day', today.today, found.due_date) <= 30 then '30'
        when date_diff('day', today.today, found.due_date) <= 60 then '60'
        when date_diff('day', today.today, found.due_date) <= 90 then '90'
        else 'later'
    end as rung,
    found.user_id,
    users.name as owner,
    found.status,
    nullif(
        concat_ws(
            ',',
            case when found.status = 'missing' then 'no limitation date' end,
            case when found.status = 'open' and found.due_date < today.today then 'overdue' end,
            case when found.status = 'open' and found.user_id is null then 'no owner' end,
            case when found.status = 'open' and not users.is_enabled then 'owner disabled' end,
            case when found.status = 'open' and found.has_no_reminder then 'no reminder' end,
            case when found.was_moved then 'moved' end,
            case when found.kind = 'limitation' and found.due_date is null then 'no date' end
        ), ''
    ) as flags,
    'clio_manage' as _source_system
from found
cross join today
left join matters on matters.matter_id = found.matter_id
left join users on users.user_id = found.user_id
