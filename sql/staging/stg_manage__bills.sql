-- grain: one row per bill
-- materialized: view
-- Bills of every state and kind. Clio's total holds the interest charged so far. An approved bill
-- without an issue date counts from the day on which it was made.
-- unique: bill_id
-- not_null: bill_id, state
-- accepted: state in (draft,awaiting_approval,awaiting_payment,paid,void,deleted) [warn]
with source as (
    select * from raw_clio_manage.bills
),

tombstones as (
    select record_id from staging.stg_meta__tombstones
    where source = 'clio_manage' and resource = 'bills'
),

build as (
    select * from meta.build
),

renamed as (
    select
        source.id as bill_id,
        source.number,
        source.state,
        source.kind,
        source.type as bill_type,
        source.subject,
        source.client__id as client_id,
        source.user__id as user_id,
        source.group__id as group_id,
        source.currency__id as currency_id,
        source.original_bill__id as original_bill_id,
        source.destination_account__id as destination_account_id,
        cast(source.total as decimal(18, 2)) as total,
        cast(source.sub_total as decimal(18, 2)) as sub_total,
        cast(source.services_sub_total as decimal(18, 2)) as services_sub_total,
        cast(source.tax_sum as decimal(18, 2)) as tax,
        cast(source.secondary_tax_sum as decimal(18, 2)) as secondary_tax,
        source.discount__type as discount_type,
        cast(source.discount__rate as decimal(18, 2)) as discount_rate,
        cast(source.interest__total as decimal(18, 2)) as interest,
        cast(source.paid as decimal(18, 2)) as paid,
        cast(source.pending as decimal(18, 2)) as pending,
        cast(source.credits_issued as decimal(18, 2)) as credits_issued,
        cast(source.due as decimal(18, 2)) as due,
        cast(source.balance as decimal(18, 2)) as balance,
        source.state in ('awaiting_payment', 'paid') as is_approved,
        source.kind = 'trust_kind' as is_trust_request,
        case
            when source.issued_at is null and source.state in ('awaiting_payment', 'paid')
                then coalesce(
                    cast(timezone(build.time_zone, source.created_at) as date), source.due_at
                )
            else source.issued_at
        end as issued_date,
        source.issued_at is not null as is_issue_date_given,
        source.due_at as due_date,
        source.start_at as service_start_date,
        source.end_at as service_end_date,
        cast(timezone(build.time_zone, source.paid_at) as date) as paid_date,
        cast(timezone(build.time_zone, source.created_at) as date) as created_date,
        source.paid_at,
        source.last_sent_at,
        source.created_at,
        source.updated_at,
        tombstones.record_id is not null or source.state = 'deleted' as is_deleted,
        source._synced_at as _loaded_at
    from source
    cross join build
    left join tombstones on tombstones.record_id = cast(source.id as varchar)
)

select * from renamed
