"""The tables and views of the ledger, migration by migration. What was released never changes.

One table of events, which nothing may update or delete; every current state is a view over it.
`base`, `new_value`, `theirs` and `returned` are JSON texts: a null and a text "null" differ.
"""

EVENTS = (
    """
create table events (
    seq integer primary key check (seq > 0),
    at text not null,
    actor text not null,
    kind text not null,
    edit_id text not null,
    plan_hash text not null,
    body text not null,
    prev_hash text not null,
    hash text not null
) strict
""",
    """create index events_of_edit on events (edit_id) where edit_id <> ''""",
    """
create index attempts_of_record on events (body ->> '$.resource', body ->> '$.record_id')
    where kind = 'attempt_intended'
""",
    """
create index ends_of_attempt on events (body ->> '$.attempt', seq) where kind = 'attempt_ended'
""",
    """
create trigger events_stay before update on events
    begin select raise(abort, 'events are never changed'); end
""",
    """
create trigger events_remain before delete on events
    begin select raise(abort, 'events are never removed'); end
""",
    """
create trigger events_follow before insert on events
    when new.seq <> (select coalesce(max(seq), 0) + 1 from events)
    begin select raise(abort, 'events are only ever added at the end'); end
""",
)

STEPS = """
create view steps as
    select seq, at, actor, kind, edit_id, plan_hash, body from events
    where edit_id <> ''
    union all
    select e.seq, e.at, e.actor, e.kind, j.value, e.plan_hash, e.body
    from events e, json_each(e.body, '$.edits') j
    where e.kind in ('plan_frozen', 'attempt_intended', 'attempt_ended')
"""
"""What happened to each edit; events about several edits come once for each."""

EDITS = """
create view edits as
with
    last as (
        select edit_id, max(seq) as seq, at, kind, plan_hash, body from steps group by edit_id
    ),
    proposed as (select edit_id, at, body from events where kind = 'edit_proposed'),
    rebased as (
        select edit_id, max(seq) as seq, body from events where kind = 'edit_rebased'
        group by edit_id
    ),
    stated as (
        select *,
            case kind
                when 'edit_proposed' then 'proposed'
                when 'edit_rebased' then 'proposed'
                when 'edit_withdrawn' then 'withdrawn'
                when 'plan_frozen' then 'planned'
                when 'edit_approved' then 'approved'
                when 'edit_rejected' then 'rejected'
                when 'attempt_intended' then 'in_flight'
                when 'attempt_ended' then case body ->> '$.outcome'
                    when 'deferred' then 'approved'
                    when 'unsent' then 'approved'
                    when 'not_applied' then 'approved'
                    when 'unknown' then 'unknown'
                    else 'in_flight' end
                when 'edit_settled' then body ->> '$.state'
            end as state
        from last
    )
select
    p.edit_id,
    p.body ->> '$.resource' as resource,
    p.body ->> '$.record_id' as record_id,
    p.body ->> '$.field' as field,
    coalesce(r.body, p.body) -> '$.base' as base,
    coalesce(r.body, p.body) ->> '$.base_etag' as base_etag,
    p.body -> '$.new_value' as new_value,
    p.body ->> '$.reason' as reason,
    p.body ->> '$.author' as author,
    p.body ->> '$.origin' as origin,
    p.body ->> '$.label' as label,
    p.at as proposed_at,
    s.state,
    s.plan_hash,
    coalesce(s.body ->> '$.note', case when s.kind = 'edit_withdrawn'
        then s.body ->> '$.reason' end, '') as note,
    s.body -> '$.theirs' as theirs,
    case when s.state in ('applied', 'applied_observed', 'no_change', 'conflicted', 'failed',
        'invalid', 'rejected', 'withdrawn', 'expired', 'superseded', 'needs_human')
        then s.at end as final_at,
    s.seq as last_seq
from proposed p
join stated s using (edit_id)
left join rebased r using (edit_id)
"""
"""The current state of every edit."""

PLANS = """
create view plans as
select
    plan_hash,
    at as frozen_at,
    body ->> '$.path' as path,
    body ->> '$.account' as account,
    body ->> '$.region' as region,
    body ->> '$.host' as host,
    body ->> '$.author' as author,
    body ->> '$.created_at' as created_at,
    body ->> '$.expires_at' as expires_at,
    json_array_length(body, '$.edits') as edits,
    body ->> '$.records' as records,
    seq
from events where kind = 'plan_frozen'
"""

APPROVALS = """
create view approvals as
select
    seq,
    at,
    edit_id,
    plan_hash,
    substr(kind, 6) as decision,
    actor,
    body ->> '$.approver' as approver,
    body ->> '$.level' as level,
    body ->> '$.comment' as comment,
    body ->> '$.content_hash' as content_hash
from events where kind in ('edit_approved', 'edit_rejected')
"""

ATTEMPTS = """
create view attempts as
select
    i.body ->> '$.attempt' as attempt,
    i.plan_hash,
    i.body ->> '$.resource' as resource,
    i.body ->> '$.record_id' as record_id,
    i.body -> '$.edits' as edits,
    i.body ->> '$.url' as url,
    i.body ->> '$.if_match' as if_match,
    i.body ->> '$.body_hash' as body_hash,
    i.at as intended_at,
    e.at as ended_at,
    e.body ->> '$.outcome' as outcome,
    e.body ->> '$.status' as status,
    e.body ->> '$.etag_after' as etag_after,
    e.body -> '$.returned' as returned,
    i.seq
from events i
left join events e on e.seq = (
    select max(l.seq) from events l
    where l.kind = 'attempt_ended' and l.body ->> '$.attempt' = i.body ->> '$.attempt'
)
where i.kind = 'attempt_intended'
"""
"""Every PATCH that may have left, with how it ended as far as that is known."""

OUTCOMES = """
create view outcomes as
select
    seq,
    at,
    edit_id,
    plan_hash,
    body ->> '$.state' as state,
    body ->> '$.note' as note,
    body -> '$.theirs' as theirs,
    body ->> '$.etag_after' as etag_after,
    body ->> '$.seen_by' as seen_by
from events where kind = 'edit_settled'
"""

MIGRATIONS = ((*EVENTS, STEPS, EDITS, PLANS, APPROVALS, ATTEMPTS, OUTCOMES),)
"""Each is run once, in order; their number is the version of the file."""
