-- what: what each client owes
-- level: 2
-- left: outstanding balance that Clio shows for the client
-- right: balances of the client's approved bills and trust requests in the warehouse
-- unit: money
-- tolerance: 0.00
-- reason: both are sums of bills, in cents
-- severity: error
-- needs: input.as_of, raw_clio_manage.outstanding_client_balances, raw_clio_manage.bills,
--   staging.stg_manage__bills, staging.stg_manage__outstanding_client_balances,
--   staging.stg_manage__contacts
with bills as (
    select
        client_id,
        sum(balance) as balance,
        max(updated_at) as updated_at
    from staging.stg_manage__bills
    where is_approved and not is_deleted
    group by client_id
),

clients as (
    select * from staging.stg_manage__outstanding_client_balances
    where not is_deleted
),

contacts as (
    select contact_id, name, is_deleted from staging.stg_manage__contacts
)

select
    concat('client:', coalesce(clients.contact_id, bills.client_id)) as key,
    coalesce(contacts.name, concat('client ', coalesce(clients.contact_id, bills.client_id))) as label,
    coalesce(clients.total_outstanding_balance, 0) as left_value,
    coalesce(bills.balance, 0) as right_value,
    'contacts' as resource,
    coalesce(clients.contact_id, bills.client_id) as record_id,
    coalesce(
        bills.updated_at > (select complete_at from as_of where resource = 'outstanding_client_balances'), false
    ) as moved,
    case
        when contacts.contact_id is null then 'missing client'
        when contacts.is_deleted then 'deleted'
    end as cause
from clients
full outer join bills on bills.client_id = clients.contact_id
left join contacts on contacts.contact_id = coalesce(clients.contact_id, bills.client_id)
where coalesce(clients.total_outstanding_balance, 0) <> 0 or coalesce(bills.balance, 0) <> 0
