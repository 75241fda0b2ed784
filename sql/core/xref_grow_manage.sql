-- grain: one row per contact or matter of Grow (grow_kind, grow_id)
-- materialized: table
-- Which record of Manage is the same as one of Grow, how that is known, and where they differ.
-- not_null: grow_kind, grow_id, status
-- accepted: grow_kind in (contact,matter)
-- accepted: status in (linked,ambiguous,missing,conflict)
-- accepted: method in (pinned,named,email,phone,name)
-- needs: staging.stg_grow__contacts, staging.stg_grow__matters
-- needs: intermediate.int_grow_links__candidates, intermediate.int_grow_links__candidates.score
--   for score
-- column: status: linked when one record of Manage stands out, ambiguous when several do or the
--   name alone speaks for it, so that a person decides in seeds/grow_link_decisions.csv; missing
--   when none does, conflict when the one that Grow names is not there
-- column: manage_id: the record of Manage, or the one candidate of an ambiguous link
-- column: score: how sure the link is, from 0 to 1
with candidates as (
    select * from intermediate.int_grow_links__candidates
),

records as (
    select 'contact' as grow_kind, grow_contact_id as grow_id from staging.stg_grow__contacts
    where not is_deleted
    union all
    select 'matter' as grow_kind, grow_matter_id as grow_id from staging.stg_grow__matters
    where not is_deleted
),

strengths as (
    select
        grow_kind,
        grow_id,
        manage_id,
        max(score) as score
    from candidates
    group by grow_kind, grow_id, manage_id
),

ranked as (
    select
        *,
        max(score) over (partition by grow_kind, grow_id) as best_score
    from strengths
),

best as (
    select
        grow_kind,
        grow_id,
        min(manage_id) as manage_id,
        max(score) as score,
        count(*) as rivals
    from ranked
    where score = best_score
    group by grow_kind, grow_id
),

methods as (
    select
        candidates.grow_kind,
        candidates.grow_id,
        min(candidates.method) as method
    from candidates
    inner join best
        on
            best.grow_kind = candidates.grow_kind
            and best.grow_id = candidates.grow_id
            and best.manage_id = candidates.manage_id
            and best.score = candidates.score
    group by candidates.grow_kind, candidates.grow_id
),

manage_records as (
    select 'contact' as grow_kind, contact_id as manage_id, name, primary_email as email
    from staging.stg_manage__contacts
    where not is_deleted
    union all
    select 'matter', matter_id, description, null
    from staging.stg_manage__matters
    where not is_deleted
),

grow_records as (
    select 'contact' as grow_kind, grow_contact_id as grow_id, name, primary_email as email
    from staging.stg_grow__contacts
    union all
    select 'matter', grow_matter_id, description, null
    from staging.stg_grow__matters
),

shared as (
    select grow_kind, manage_id, count(*) as grow_records
    from best
    where rivals = 1
    group by grow_kind, manage_id
)

select
    records.grow_kind,
    records.grow_id,
    case when best.rivals = 1 then best.manage_id end as manage_id,
    methods.method,
    cast(best.score as decimal(3, 2)) as score,
    case
        when best.grow_id is null then 'missing'
        when best.rivals > 1 then 'ambiguous'
        when manage_records.manage_id is null then 'conflict'
        when methods.method not in ('pinned', 'named') and shared.grow_records > 1 then 'ambiguous'
        when methods.method = 'name' then 'ambiguous'
        else 'linked'
    end as status,
    coalesce(best.rivals, 0) as candidates,
    coalesce(shared.grow_records, 0) as grow_records,
    nullif(
        concat_ws(
            ',',
            case
                when lower(trim(manage_records.name)) <> lower(trim(grow_records.name)) then 'name'
            end,
            case when manage_records.email <> grow_records.email then 'email' end
        ), ''
    ) as differing_fields,
    'clio_grow' as _source_system
from records
left join best on best.grow_kind = records.grow_kind and best.grow_id = records.grow_id
left join methods on methods.grow_kind = records.grow_kind and methods.grow_id = records.grow_id
left join shared on shared.grow_kind = records.grow_kind and shared.manage_id = best.manage_id
left join manage_records
    on manage_records.grow_kind = records.grow_kind and manage_records.manage_id = best.manage_id
left join grow_records
    on grow_records.grow_kind = records.grow_kind and grow_records.grow_id = records.grow_id
