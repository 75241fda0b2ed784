-- what: values that were sent to Clio, as they stand there now
-- level: 4
-- left: the value that was approved and sent last
-- right: the value in the warehouse
-- unit: text
-- tolerance: 0
-- reason: a value still holds or it does not
-- severity: error
-- needs: input.pushed
select
    concat(resource, ':', record_id, '.', field) as key,
    concat(resource, ' ', record_id, ' ', field) as label,
    sent as left_value,
    case when holds then sent else now end as right_value,
    resource,
    record_id,
    not_run,
    case
        when lost > 1 then 'fighting another integration'
        when is_base then 'changed back'
        else 'changed to another value'
    end as cause
from pushed
