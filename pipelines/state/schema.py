"""The tables of the `meta` schema, each made where it is not there yet."""

from pipelines.access import account

from . import (
    certificates,
    inputs,
    lateness,
    migrations,
    own_writes,
    quarantine,
    refusals,
    server_clock,
    snapshots,
    tombstones,
    unread,
    versions,
    withheld,
)

DDL = (
    "create schema if not exists meta",
    """create table if not exists meta.sync_runs (
        run_id varchar, source varchar, resource varchar, mode varchar, since timestamptz,
        started_at timestamptz, finished_at timestamptz, requests bigint, rows_read bigint,
        inserted bigint, updated bigint, unchanged bigint, quarantined bigint,
        watermark timestamptz, status varchar, error varchar)""",
    *(
        f"""create table if not exists meta.{name} (
        source varchar, resource varchar, watermark timestamptz, walk_started_at timestamptz,
        page_token varchar, fields_hash varchar, updated_at timestamptz,
        mode varchar, since timestamptz, list_index integer, after_id bigint,
        completed_at timestamptz)"""
        for name in ("watermarks", "sweeps")
    ),
    *(
        f"alter table meta.{name} add column if not exists {column}"
        for name in ("watermarks", "sweeps")
        for column in (
            "seen timestamptz",
            "proved timestamptz",
            "frozen varchar",
            "frozen_rows bigint",
        )
    ),
    """create table if not exists meta.drift (
        source varchar, resource varchar, field varchar, kind varchar, seen_at timestamptz,
        run_id varchar)""",
    """create table if not exists meta.parents_read (
        source varchar, resource varchar, parent_id bigint, read_at timestamptz,
        failed boolean)""",
    "alter table meta.parents_read add column if not exists failed boolean",
    """create table if not exists meta.epoch (
        load_seq bigint, warehouse_id varchar, "at" timestamptz)""",
    """create table if not exists meta.regressions (
        seen_at timestamptz, run_id varchar, reason varchar, epoch_seq bigint,
        warehouse_seq bigint)""",
    *tombstones.DDL,
    *certificates.DDL,
    *snapshots.DDL,
    *lateness.DDL,
    *account.DDL,
    *own_writes.DDL,
    *withheld.DDL,
    *inputs.DDL,
    *refusals.DDL,
    *unread.DDL,
    *quarantine.DDL,
    *migrations.DDL,
    *versions.DDL,
    *server_clock.DDL,
)
