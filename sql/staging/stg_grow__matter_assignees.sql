-- grain: one row per matter of Grow and assignee
-- materialized: view
-- Users of Grow to whom matters are assigned.
-- unique: grow_matter_id, grow_user_id [warn]
-- not_null: grow_matter_id, grow_user_id
with source as (
    select id as grow_matter_id, unnest(cast(matter_assignee_ids as bigint[])) as grow_user_id
    from raw_clio_grow.matters
)

select * from source
