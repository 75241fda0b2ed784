-- grain: one row per matter and kind of touch (matter_id, touch_source)
-- materialized: view
-- When something was last done on a matter, by what was done.
with today as (
    select * from intermediate.int_calendar__today
),

touches as (
    select matter_id, 'activity' as touch_source, work_date as touch_date from core.fct_activity
    union all
    select matter_id, 'note', note_date from staging.stg_manage__notes
    where not is_deleted
    union all
    select matter_id, 'communication', coalesce(received_date, communication_date)
    from staging.stg_manage__communications
    where not is_deleted
    union all
    select matter_id, 'document', created_date from staging.stg_manage__documents
    where not is_deleted
    union all
    select matter_id, 'calendar entry', entry_date from staging.stg_manage__calendar_entries
    where not is_deleted
    union all
    select matter_id, 'task', completed_date from staging.stg_manage__tasks
    where is_complete and not is_deleted
    union all
    select matter_id, 'bill', issued_date from core.fct_bill
    union all
    select matter_id, 'bank transaction', transaction_date
    from staging.stg_manage__bank_transactions
    where not is_deleted
)

select
    touches.matter_id,
    touches.touch_source,
    max(touches.touch_date) as touch_date
from touches
cross join today
where touches.matter_id is not null and touches.touch_date <= today.today
group by touches.matter_id, touches.touch_source
