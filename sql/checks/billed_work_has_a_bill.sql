-- Work that Clio calls billed and that is on no approved bill here.
-- severity: error
-- heals: activities by id from activity_id, bills by id from bill_id, line_items by activity_id
select staged.activity_id, staged.bill_id
from staging.stg_manage__activities as staged
left join intermediate.int_activities__billed as billed
    on billed.activity_id = staged.activity_id
where staged.is_billed and not staged.is_deleted and billed.activity_id is null
