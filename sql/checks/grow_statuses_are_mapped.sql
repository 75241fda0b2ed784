-- Statuses of Grow that neither seeds/grow_status_map.csv nor Grow's own category tells apart from
-- a new lead. Statuses are compared by their letters alone.
-- severity: warn
with mapping as (
    select trim(lower(regexp_replace(status, '[^\p{L}]+', ' ', 'g'))) as letters
    from seeds.grow_status_map
)

select grow_matters.status, count(*) as matters
from staging.stg_grow__matters as grow_matters
left join mapping
    on
        mapping.letters
        = trim(lower(regexp_replace(grow_matters.status, '[^\p{L}]+', ' ', 'g')))
where
    not grow_matters.is_deleted
    and grow_matters.status is not null
    and mapping.letters is null
    and coalesce(grow_matters.status_category, '') not in ('hired', 'declined')
group by grow_matters.status
