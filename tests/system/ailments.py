"""What can be wrong with a firm's data folder, settings or Clio, and what doctor says of it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pipelines.load.planning import catalog_hash
from sources.clio_simulator.faults import Action, Forbidden, Header, Status
from tests.system.firm import CATALOG
from tests.system.patients import Patient, Spoil, wrong_token

MANAGE, GROW = "clio_manage", "clio_grow"


@dataclass(frozen=True)
class Case:
    """What is spoiled, which checks tell of it and how, a word of it, and the exit code."""

    spoil: Spoil
    check: str
    status: str
    says: str
    product: str = ""
    exit_code: int = 0
    with_it: tuple[tuple[str, str], ...] = ()


OF_THE_WAREHOUSE = {"last_runs", "lateness", "certificates", "hidden_values"}
"""Checks of a product that ask nothing of Clio, as do those of no product."""


def lock_held_by(pid: int) -> Spoil:
    """Let a process hold the data folder."""
    text = json.dumps({"pid": pid, "command": "load", "since": "2026-03-31T12:00:00Z"})
    return lambda p: _write(p.folder / "lock.json", text)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)


def secrets_for_all(patient: Patient) -> None:
    """Let others read the file of secrets."""
    path = patient.home / ".dlt" / "secrets.toml"
    _write(path, "")
    path.chmod(0o644)


def epoch_ahead(patient: Patient) -> None:
    """Let the file beside the warehouse know of a later load."""
    path = patient.folder / "epoch.json"
    read = json.loads(path.read_text())
    path.write_text(json.dumps({**read, "load_seq": read["load_seq"] + 3}))


def went_back_before(patient: Patient) -> None:
    """Let the warehouse know of a regression after its certificates."""
    patient.tell(
        "insert into meta.regressions values (now() + interval 1 hour, 'r', 'load 1', 9, 8)"
    )


def refuses(patient: Patient) -> None:
    """Let a field of matters be remembered as refused."""
    digest = catalog_hash(CATALOG.loaded["matters"])
    for name in ("description", "client.id"):
        patient.tell(
            "insert into meta.fields values ('clio_manage', 'matters', $1, 'refused', now(), $2)",
            name,
            digest,
        )


def takes_less(patient: Patient) -> None:
    """Let a parameter of tasks be remembered as refused."""
    digest = catalog_hash(CATALOG.loaded["tasks"])
    patient.tell(
        "insert into meta.fields values"
        " ('clio_manage', 'tasks', 'limit=200', 'refused_parameter', now(), $1)",
        digest,
    )


def run_of(query: str) -> Spoil:
    """Change what is known of the loads of matters."""
    return lambda p: p.tell(
        f"update meta.sync_runs set {query} where mode <> 'sweep' and source = 'clio_manage'"
    )


def late(seconds: int) -> Spoil:
    """Let a version have been late."""
    return lambda p: p.tell(
        "insert into meta.lateness values"
        " ('clio_manage', 'bills', 'sweep', 1, $1, now(), now(), 'r')",
        seconds,
    )


def fault(action: Action, path: str = "users/who_am_i") -> Spoil:
    """Let Clio misbehave on a path."""

    def spoil(patient: Patient) -> None:
        patient.clio.faults.add(action, path, times=None)

    return spoil


def switch(**switches: object) -> Spoil:
    """Throw switches of Clio."""
    return lambda p: vars(p.clio.switches).update(switches)


CASES = {
    "folder-open": Case(
        lambda p: p.folder.chmod(0o755), "data_folder", "fail", "open to others", "", 7
    ),
    "file-open": Case(
        lambda p: (p.folder / "epoch.json").chmod(0o644), "data_folder", "warn", "epoch.json"
    ),
    "odd-setting": Case(
        lambda p: p.change(off=("nothing",)), "configuration", "fail", "nothing", "", 7,
    ),
    "hashed-number": Case(
        lambda p: p.change(hash_columns=("matters.id",)), "configuration", "fail", "key", "", 7
    ),
    "secrets-open": Case(secrets_for_all, "configuration", "warn", "secrets.toml"),
    "locked": Case(lock_held_by(os.getpid()), "lock", "warn", "load, since 2026"),
    "lock-unreadable": Case(
        lambda p: _write(p.folder / "lock.json", "?"), "lock", "warn", "cannot be read"
    ),
    "conflicted-copy": Case(
        lambda p: _write(p.folder / "warehouse (Ana's conflicted copy 2026-03-02).duckdb", ""),
        "copies", "warn", "another program",
    ),
    "conflicting-ledger": Case(
        lambda p: _write(p.folder / "ledger.sync-conflict-20260302-090000-ABCDEFG.sqlite", ""),
        "copies", "warn", "ledger.sync-conflict",
    ),
    "ledger-damaged": Case(
        lambda p: _write(p.folder / "ledger.sqlite", "no ledger"),
        "ledger", "fail", "cannot be read", "", 7,
    ),
    "stopped": Case(lambda p: _write(p.folder / "STOP", ""), "stop", "warn", "nothing is written"),
    "warehouse-damaged": Case(
        lambda p: _write(p.folder / "warehouse.duckdb", "no database"),
        "warehouse", "fail", "cannot be opened", "", 7,
    ),
    "warehouse-old": Case(
        lambda p: p.tell("drop table meta.versions"), "warehouse", "warn", "this version"
    ),
    "warehouse-older": Case(
        lambda p: p.tell("update meta.versions set version = 1"),
        "warehouse", "warn", "this version",
    ),
    "epoch-ahead": Case(epoch_ahead, "epoch", "fail", "not the one of the last load", "", 7),
    "epoch-missing": Case(
        lambda p: (p.folder / "epoch.json").unlink(), "epoch", "warn", "is missing"
    ),
    "epoch-unreadable": Case(
        lambda p: _write(p.folder / "epoch.json", "?"), "epoch", "warn", "cannot be read"
    ),
    "went-back": Case(went_back_before, "epoch", "warn", "went back"),
    "load-failed": Case(
        run_of("status = 'failed', error = 'missing_scope: Billing'"),
        "last_runs", "fail", "(Billing)", MANAGE, 7,
    ),
    "load-interrupted": Case(
        run_of("status = 'interrupted'"), "last_runs", "warn", "not complete", MANAGE
    ),
    "load-old": Case(
        run_of("finished_at = now() - interval 3 day"), "last_runs", "warn", "last load was", MANAGE
    ),
    "late": Case(late(500), "lateness", "warn", "8 minutes", MANAGE),
    "too-late": Case(late(1200), "lateness", "fail", "bills (20 minutes)", MANAGE, 7),
    "certificate-late": Case(
        lambda p: p.tell("update meta.certificates set status = 'late' where resource = 'bills'"),
        "certificates", "fail", "bills (the last sweep found changes that became", MANAGE, 7,
    ),
    "unproved": Case(
        lambda p: p.tell("delete from meta.certificates where resource = 'bills'"),
        "certificates", "warn", "never proved: bills", MANAGE,
    ),
    "certificate-old": Case(
        lambda p: p.tell(
            "update meta.certificates set walked_at = walked_at - interval 40 day"
            " where resource = 'inbox_leads'"
        ),
        "certificates", "warn", "older than 31 days: inbox_leads", GROW,
    ),
    "hidden": Case(
        lambda p: p.tell("update raw_clio_manage.activities set quantity_redacted = true"),
        "hidden_values", "fail", "250 activities", MANAGE, 7,
    ),
    "hidden-in-grow": Case(
        lambda p: p.tell("update raw_clio_grow.matters set redacted_fields = '[\"hired_date\"]'"),
        "hidden_values", "fail", "12 matters", GROW, 7,
    ),
    "refused-token": Case(wrong_token, "sign_in", "fail", "401", MANAGE, 3),
    "foreign-host": Case(
        lambda p: p.change(base_url="https://clio.example.com"),
        "collections", "fail", "clio.example.com", MANAGE, 7,
    ),
    "nobody-answers": Case(
        lambda p: p.change(base_url="http://127.0.0.1:9"),
        "collections", "fail", "127.0.0.1", MANAGE, 7,
    ),
    "other-account": Case(
        lambda p: p.tell("update meta.accounts set account_id = '9' where source = 'clio_manage'"),
        "account", "fail", "holds account 9", MANAGE, 7,
    ),
    "other-user": Case(
        lambda p: p.tell("update meta.accounts set user_id = '9' where source = 'clio_manage'"),
        "account", "warn", "user 9", MANAGE,
    ),
    "nameless": Case(
        fault(Forbidden("Users")),
        "account", "warn", "whose it is", MANAGE,
    ),
    "other-version": Case(
        fault(Header("X-API-VERSION", "4.0.9")), "api_version", "fail", "4.0.9", MANAGE, 7
    ),
    "no-version": Case(
        fault(Header("X-API-VERSION", None)), "api_version", "warn", "does not say", MANAGE
    ),
    "retired": Case(
        switch(oldest_version=14, newest_version=15), "api_version", "fail", "410", MANAGE, 7
    ),
    "no-limit": Case(switch(rate_limit=0), "rate_limit", "warn", "do not say", MANAGE),
    "no-date": Case(fault(Header("Date", None)), "clock", "fail", "no date", MANAGE, 7),
    "no-scope": Case(
        fault(Forbidden("Billing"), "bills"), "scopes", "fail", "bills (Billing is missing)",
        MANAGE, 7,
    ),
    "no-scope-of-grow": Case(
        switch(grow_missing_scopes={"grow_lead_inbox_read"}),
        "scopes", "fail", "lead_inbox_read", GROW, 7,
    ),
    "sent-to-sign-in": Case(
        switch(grow_missing_scopes={"grow_user_read"}, grow_missing_scope_answer="redirect"),
        "scopes", "fail", "it needs the scope grow_user_read", GROW, 7,
        with_it=(("account", GROW),),
    ),
    "gone": Case(
        fault(Status(404), "tasks"), "collections", "fail", "tasks", MANAGE, 7
    ),
    "hides": Case(
        switch(redact_activities=True), "hidden_now", "fail", "200 activities", MANAGE, 7
    ),
    "hides-in-grow": Case(
        switch(grow_redacted={"matters.hired_date"}), "hidden_now", "fail", "12 matters", GROW, 7
    ),
    "field-is-back": Case(refuses, "refused_fields", "warn", "matters.description", MANAGE),
    "parameter-is-back": Case(takes_less, "refused_parameters", "warn", "tasks.limit", MANAGE),
}  # fmt: skip
