select
    strftime(timezone('UTC', min(started_at)), '%Y-%m-%d %H:%M') as began_utc,
    strftime(timezone('UTC', max(finished_at)), '%Y-%m-%d %H:%M') as ended_utc,
    run_id as run,
    source,
    mode,
    count(*) as collections,
    cast(sum(requests) as bigint) as requests,
    cast(sum(rows_read) as bigint) as rows_read,
    cast(sum(inserted) as bigint) as inserted,
    cast(sum(updated) as bigint) as updated,
    count(*) filter (status <> 'ok') as not_ok
from meta.sync_runs
group by run_id, source, mode
order by min(started_at) desc, run_id, source, mode
limit 10000
