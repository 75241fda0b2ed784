-- Every matter, and the number by which reports name it: of several matters with one number, the
-- newest that is there stands for it.
with numbered as (
    select
        *,
        coalesce(display_number, concat('matter ', matter_id)) as number
    from staging.stg_manage__matters
)

select
    *,
    row_number() over (partition by number order by is_deleted, matter_id desc) = 1 as has_number
from numbered
