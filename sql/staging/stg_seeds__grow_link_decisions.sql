-- grain: one row per record of Grow (grow_kind, grow_id)
-- materialized: view
-- Links between Grow and Manage that a person has pinned or broken.
-- not_null: grow_kind
-- accepted: decision in (pin,break)
with source as (
    select * from seeds.grow_link_decisions
),

renamed as (
    select
        nullif(trim(cast(grow_kind as varchar)), '') as grow_kind,
        cast(nullif(trim(cast(grow_id as varchar)), '') as bigint) as grow_id,
        cast(nullif(trim(cast(manage_id as varchar)), '') as bigint) as manage_id,
        nullif(trim(cast(decision as varchar)), '') as decision
    from source
)

select * from renamed
