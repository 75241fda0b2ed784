-- What is built, and what builds and checks said. The release before made these tables when it
-- first built: `add column` is for warehouses of releases before that one.
create table if not exists meta.build (today date, time_zone varchar);

create table if not exists meta.built_up_to (as_of timestamptz);

create table if not exists meta.models (
    model varchar, kind varchar, description varchar, grain varchar, basis varchar, rows bigint,
    sql_hash varchar, signature varchar, run_id varchar, built_at timestamptz, format varchar
);
alter table meta.models add column if not exists format varchar;

create table if not exists meta.model_runs (
    run_id varchar, model varchar, kind varchar, rows bigint, seconds double, sql_hash varchar,
    status varchar, started_at timestamptz
);

create table if not exists meta.checks (
    check_name varchar, model varchar, severity varchar, failures bigint, signature varchar,
    run_id varchar, checked_at timestamptz, not_known varchar, description varchar
);
alter table meta.checks add column if not exists not_known varchar;
alter table meta.checks add column if not exists description varchar;

create table if not exists meta.check_failures (
    run_id varchar, check_name varchar, model varchar, severity varchar, failures bigint, row json,
    checked_at timestamptz, since timestamptz
);
alter table meta.check_failures add column if not exists since timestamptz;

create table if not exists meta.not_known (
    model varchar, column_name varchar, source varchar, state varchar, reason varchar,
    since timestamptz
);

create table if not exists meta.parsed_queries (text_hash varchar, reads varchar[]);
