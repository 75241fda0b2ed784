-- What loads, sweeps and pushes note. The release before made these tables at each start, where
-- they were not there yet: `add column` is for warehouses of releases before that one.
create schema if not exists meta;

create table if not exists meta.versions (version integer, tool varchar, "at" timestamptz);

create table if not exists meta.epoch (load_seq bigint, warehouse_id varchar, "at" timestamptz);

create table if not exists meta.regressions (
    seen_at timestamptz, run_id varchar, reason varchar, epoch_seq bigint, warehouse_seq bigint
);

create table if not exists meta.accounts (
    source varchar, account_id varchar, user_id varchar, rights varchar, since timestamptz
);

-- what was brought up to date in raw tables, once for each product
create table if not exists meta.migrations (name varchar, source varchar, done_at timestamptz);

create table if not exists meta.server_clock (
    source varchar, wall timestamptz, boot_id varchar, boot double, said timestamptz,
    believed timestamptz
);

create table if not exists meta.sync_runs (
    run_id varchar, source varchar, resource varchar, mode varchar, since timestamptz,
    started_at timestamptz, finished_at timestamptz, requests bigint, rows_read bigint,
    inserted bigint, updated bigint, unchanged bigint, quarantined bigint,
    watermark timestamptz, status varchar, error varchar
);

create table if not exists meta.watermarks (
    source varchar, resource varchar, watermark timestamptz, walk_started_at timestamptz,
    page_token varchar, fields_hash varchar, updated_at timestamptz, mode varchar,
    since timestamptz, list_index integer, after_id bigint, completed_at timestamptz,
    seen timestamptz, proved timestamptz, frozen varchar, frozen_rows bigint
);
alter table meta.watermarks add column if not exists seen timestamptz;
alter table meta.watermarks add column if not exists proved timestamptz;
alter table meta.watermarks add column if not exists frozen varchar;
alter table meta.watermarks add column if not exists frozen_rows bigint;

create table if not exists meta.sweeps (
    source varchar, resource varchar, watermark timestamptz, walk_started_at timestamptz,
    page_token varchar, fields_hash varchar, updated_at timestamptz, mode varchar,
    since timestamptz, list_index integer, after_id bigint, completed_at timestamptz,
    seen timestamptz, proved timestamptz, frozen varchar, frozen_rows bigint
);
alter table meta.sweeps add column if not exists seen timestamptz;
alter table meta.sweeps add column if not exists proved timestamptz;
alter table meta.sweeps add column if not exists frozen varchar;
alter table meta.sweeps add column if not exists frozen_rows bigint;

create table if not exists meta.parents_read (
    source varchar, resource varchar, parent_id bigint, read_at timestamptz, failed boolean
);
alter table meta.parents_read add column if not exists failed boolean;

create table if not exists meta.unread (
    source varchar, resource varchar, record_id varchar, since timestamptz, asked_at timestamptz,
    times integer, reason varchar
);

create table if not exists meta.drift (
    source varchar, resource varchar, field varchar, kind varchar, seen_at timestamptz,
    run_id varchar
);

create table if not exists meta.fields (
    source varchar, resource varchar, field varchar, status varchar, since timestamptz,
    catalog_hash varchar
);

create table if not exists meta.quarantine (
    source varchar, resource varchar, record_id varchar, field varchar, row json, reason varchar,
    run_id varchar, since timestamptz
);
alter table meta.quarantine add column if not exists field varchar;
alter table meta.quarantine add column if not exists since timestamptz;

create table if not exists meta.withheld (
    source varchar, resource varchar, record_id varchar, field varchar, since timestamptz,
    evidence varchar, accepted boolean, held boolean
);

create table if not exists meta.inputs (
    source varchar, resource varchar, complete_up_to timestamptz, state varchar, reason varchar
);

create table if not exists meta.tombstones (
    source varchar, resource varchar, record_id varchar, detected_at timestamptz,
    evidence varchar, revived_at timestamptz
);

create table if not exists meta.census_known (
    source varchar, resource varchar, walk varchar, key varchar, row_hash varchar, parent varchar,
    brought boolean
);
alter table meta.census_known add column if not exists brought boolean;

create table if not exists meta.census_seen (
    source varchar, resource varchar, walk varchar, key varchar, row_hash varchar, turn bigint,
    read_at timestamptz
);
alter table meta.census_seen add column if not exists read_at timestamptz;

create table if not exists meta.certificates (
    source varchar, resource varchar, walked_at timestamptz, complete boolean, rows_clio bigint,
    rows_warehouse bigint, missing bigint, ghost bigint, stale bigint, healed bigint,
    digest_clio varchar, digest_warehouse varchar, status varchar, digest_before varchar,
    undecided bigint, late bigint, late_seconds double, finished_at timestamptz, run_id varchar,
    parts json
);
alter table meta.certificates add column if not exists parts json;

create table if not exists meta.lateness (
    source varchar, resource varchar, mode varchar, records bigint, seconds double,
    walked_at timestamptz, seen_at timestamptz, run_id varchar
);

create table if not exists meta.silent_changes (
    source varchar, resource varchar, field varchar, records bigint, seen_at timestamptz,
    run_id varchar
);

-- the writes that had their effect, and how long the ledger was when it was seen last
create table if not exists meta.echoes (
    source varchar, resource varchar, record_id varchar, etag_before varchar, etag_after varchar,
    plan_hash varchar, "at" timestamptz
);
create table if not exists meta.ledger (events bigint, head varchar);
