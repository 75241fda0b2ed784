-- grain: one row per matter and kind of touch (matter_id, touch_source)
-- materialized: view
-- When something was last done on a matter, by what was done.
-- needs: core.fct_activity.work_date, staging.stg_manage__notes.note_date,
--   staging.stg_manage__notes.matter_id, staging.stg_manage__communications.received_date,
--   staging.stg_manage__communications.communication_date,
--   staging.stg_manage__communications.matter_id, staging.stg_manage__documents.created_date,
--   staging.stg_manage__documents.matter_id, staging.stg_manage__documents.is_deleted,
--   staging.stg_manage__calendar_entries.entry_date,
--   staging.stg_manage__calendar_entries.matter_id, staging.stg_manage__tasks.completed_date,
--   staging.stg_manage__tasks.matter_id, staging.stg_manage__tasks.is_complete,
--   core.fct_bill.issued_date, staging.stg_manage__bank_transactions.transaction_date,
--   staging.stg_manage__bank_transactions.matter_id for touch_date
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
