-- grain: one row per approved bill and month until today with something owed (bill_id, month_end)
-- materialized: view
-- What each bill owed at the end of each month, worked out anew from what is known today.
-- needs: intermediate.int_ar__movements.amount for billed, interest, allocated, balance
-- column: billed: what the bill asked for, without interest
-- column: allocated: payments and credits up to then, less what was voided by then
with movements as (
    select * from intermediate.int_ar__movements
),

months as (
    select * from intermediate.int_calendar__month_ends
),

by_month as (
    select
        movements.bill_id,
        months.month_end,
        sum(case when movements.cause = 'issue' then movements.amount else 0 end) as billed,
        sum(case when movements.cause = 'interest' then movements.amount else 0 end) as interest,
        sum(case when movements.cause in ('allocation', 'void') then -movements.amount else 0 end)
            as allocated
    from movements
    inner join months
        on
            movements.movement_date >= months.month_start
            and movements.movement_date <= months.as_of_date
    group by movements.bill_id, months.month_end
),

running as (
    select
        bill_id,
        month_end,
        lead(month_end) over (partition by bill_id order by month_end) as next_month_end,
        sum(billed) over bill_order as billed,
        sum(interest) over bill_order as interest,
        sum(allocated) over bill_order as allocated
    from by_month
    window bill_order as (
        partition by bill_id order by month_end rows between unbounded preceding and current row
    )
)

select
    running.bill_id,
    months.month_end,
    months.as_of_date,
    months.is_closed,
    cast(running.billed as decimal(18, 2)) as billed,
    cast(running.interest as decimal(18, 2)) as interest,
    cast(running.allocated as decimal(18, 2)) as allocated,
    cast(running.billed + running.interest - running.allocated as decimal(18, 2)) as balance
from running
inner join months
    on
        months.month_end >= running.month_end
        and (running.next_month_end is null or months.month_end < running.next_month_end)
where running.billed + running.interest - running.allocated <> 0
