-- what: what each bank account holds for each matter
-- level: 2
-- left: balance that Clio shows with the matter
-- right: transactions of the account for the matter in the warehouse
-- unit: money
-- tolerance: 0.00
-- reason: both are sums of transactions, in cents
-- severity: error
-- needs: input.as_of, raw_clio_manage.matters, raw_clio_manage.bank_transactions,
--   staging.stg_manage__matters, staging.stg_manage__matter_account_balances,
--   staging.stg_manage__bank_transactions
with ledger as (
    select
        matter_id,
        bank_account_id,
        sum(funds_in - funds_out) as balance,
        max(updated_at) as updated_at
    from staging.stg_manage__bank_transactions
    where not is_deleted and matter_id is not null
    group by matter_id, bank_account_id
),

matters as (
    select * from staging.stg_manage__matters
    where not is_deleted
),

clio as (
    select balances.* from staging.stg_manage__matter_account_balances as balances
    inner join matters on matters.matter_id = balances.matter_id
)

select
    concat(
        'matter:', coalesce(clio.matter_id, ledger.matter_id),
        ' account:', coalesce(clio.bank_account_id, ledger.bank_account_id)
    ) as key,
    concat(
        coalesce(matters.display_number, concat('matter ', ledger.matter_id)),
        ', account ', coalesce(clio.bank_account_id, ledger.bank_account_id)
    ) as label,
    coalesce(clio.balance, 0) as left_value,
    coalesce(ledger.balance, 0) as right_value,
    'matters' as resource,
    coalesce(clio.matter_id, ledger.matter_id) as record_id,
    coalesce(
        ledger.updated_at > (select complete_at from as_of where resource = 'matters'), false
    ) as moved
from clio
full outer join ledger
    on ledger.matter_id = clio.matter_id and ledger.bank_account_id = clio.bank_account_id
left join matters on matters.matter_id = coalesce(clio.matter_id, ledger.matter_id)
where matters.matter_id is not null
