-- Copies of the ledger's views `edits` and `attempts`, so that SQL and reports see them. The release
-- before made these tables when it first copied.
create table if not exists meta.edits (
    edit_id varchar, resource varchar, record_id varchar, label varchar, field varchar, base json,
    new_value json, base_etag varchar, reason varchar, author varchar, origin varchar,
    state varchar, plan_hash varchar, note varchar, theirs json, proposed_at timestamptz,
    final_at timestamptz
);

create table if not exists meta.pushes (
    attempt varchar, plan_hash varchar, resource varchar, record_id varchar, edits json,
    if_match varchar, body_hash varchar, intended_at timestamptz, ended_at timestamptz,
    outcome varchar, status integer, etag_after varchar
);
