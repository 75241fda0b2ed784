-- grain: one row per billable activity that was or is work in progress (activity_id)
-- materialized: view
-- From when until when work was in progress: from its day until an approved bill with it was
-- issued. Work on a draft is in progress. Written-off work never was, since Clio does not tell
-- the day of the writing-off; nor was work that Clio calls billed and of whose bill nothing is here.
-- needs: core.fct_activity, core.fct_activity.billed_date, core.fct_activity.is_written_off,
--   core.fct_activity.billing_status
-- needs: core.fct_activity.billable_amount for amount
-- needs: core.fct_activity.rounded_hours for hours
-- column: until_date: the first day on which it is billed; empty while it is not
select
    activity_id,
    matter_id,
    user_id,
    currency_id,
    is_time,
    billing_status,
    case when is_time then rounded_hours else 0 end as hours,
    billable_amount as amount,
    work_date as from_date,
    billed_date as until_date
from core.fct_activity
where
    not is_non_billable
    and not is_written_off
    and (billed_date > work_date or (billed_date is null and billing_status <> 'billed'))
