-- grain: one row per status of Grow (status)
-- materialized: view
-- What the firm's own statuses in Grow stand for.
-- not_null: status
-- accepted: stage in (lead,contacted,consult_booked,consult_held,hired,lost)
with source as (
    select * from seeds.grow_status_map
),

renamed as (
    select
        nullif(trim(cast(status as varchar)), '') as status,
        nullif(trim(cast(stage as varchar)), '') as stage,
        cast(nullif(trim(cast(is_win as varchar)), '') as boolean) as is_win,
        cast(nullif(trim(cast(is_loss as varchar)), '') as boolean) as is_loss
    from source
)

select * from renamed
