-- Receivables of each month-end sum to everything that changed them until then.
-- severity: error
with movements as (
    select months.month_end, sum(movements.amount) as amount
    from intermediate.int_calendar__month_ends as months
    inner join intermediate.int_ar__movements as movements
        on movements.movement_date <= months.as_of_date
    group by months.month_end
),

receivables as (
    select month_end, sum(balance) as balance from finance.fct_ar_monthly
    group by month_end
)

select movements.month_end, movements.amount, receivables.balance
from movements
left join receivables on receivables.month_end = movements.month_end
where movements.amount <> coalesce(receivables.balance, 0)
