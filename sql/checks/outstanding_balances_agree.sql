-- What Clio says a client owes is what the client's bills and requests for trust money come to.
-- severity: warn
with bills as (
    select client_id, sum(balance) as balance from core.fct_bill
    where is_approved
    group by client_id
)

select
    clients.contact_id,
    clients.total_outstanding_balance as in_clio,
    coalesce(bills.balance, 0) as worked_out
from staging.stg_manage__outstanding_client_balances as clients
left join bills on bills.client_id = clients.contact_id
where
    not clients.is_deleted
    and clients.total_outstanding_balance <> coalesce(bills.balance, 0)
