-- what: every collection, row by row, as the last sweep proved it
-- level: 1
-- left: rows and digest of what a whole walk of Clio showed
-- right: rows and digest of the live rows of the warehouse after it
-- unit: text
-- tolerance: 0
-- reason: a digest is equal or it is not
-- severity: error
-- needs: meta.sync_runs, meta.certificates
with loaded as (
    select distinct source, resource from meta.sync_runs
    where mode in ('first', 'incremental', 'full')
),

newest as (
    select max(started_at) as run from meta.sync_runs
),

last as (
    select * from meta.certificates
    qualify row_number() over (partition by source, resource order by walked_at desc) = 1
)

select
    concat(loaded.source, '.', loaded.resource) as key,
    concat(loaded.source, '.', loaded.resource, ', swept ', cast(cast(last.walked_at as date) as varchar)) as label,
    concat(last.rows_clio, ' rows, digest ', left(last.digest_clio, 16)) as left_value,
    concat(
        last.rows_warehouse, ' rows, digest ', left(last.digest_warehouse, 16),
        case when last.status = 'guard' then ', stopped by a guard' else '' end
    ) as right_value,
    case
        when last.source is null then 'never swept: run clio-sync sweep'
        when
            last.digest_clio = last.digest_warehouse and last.status <> 'guard'
            and last.walked_at < newest.run - interval 31 day
            then 'swept more than 31 days before the last run: run clio-sync sweep'
    end as not_run
from loaded
cross join newest
left join last on last.source = loaded.source and last.resource = loaded.resource
