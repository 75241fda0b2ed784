"""`copy` into a PostgreSQL of its own: raw tables by load, marts by build, equal row for row."""

import importlib
import io
import os
import pwd
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.copying import run_copy
from pipelines.model_errors import BuiltChecksFailedError
from pipelines.progress import Lines
from pipelines.publish_errors import CopyFailedError, DestinationError
from pipelines.transform.run import Work, run_transform
from pipelines.warehouse import Warehouse
from tests.conftest import INSTALLED
from tests.system.conftest import NewFirm
from tests.system.firm import Firm
from tests.system.test_sync import MODELS

NOWHERE = "postgresql://tester:CANARY@127.0.0.1:1/postgres?connect_timeout=1"
DRIVER = "psycopg2-binary>=2.9,<3"


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Give the driver of PostgreSQL, installed for this module alone."""
    folder = tmp_path_factory.mktemp("driver")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    subprocess.run([*pip, "--no-deps", "--target", str(folder), DRIVER], check=True)
    sys.path.insert(0, str(folder))
    yield importlib.import_module("psycopg2")
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a PostgreSQL of its own, on a free port of this machine."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip(f"PostgreSQL is not on this machine, {INSTALLED}")
    folder, binaries = Path("/tmp") / f"pg-{os.getpid()}", found[-1].parent  # noqa: S108
    folder.mkdir(mode=0o700)
    owner: dict[str, Any] = {}
    if os.getuid() == 0:  # PostgreSQL does not run as root
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        owner = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    data = folder / "data"
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "tester", "-A", "trust", "--no-sync"],
        check=True, stdout=subprocess.DEVNULL, cwd="/", **owner,
    )  # fmt: skip
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    control: list[str | Path] = [binaries / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    subprocess.run(
        [*control, "-o", options, "start"],
        check=True, stdout=subprocess.DEVNULL, cwd="/", **owner,
    )  # fmt: skip
    try:
        yield f"postgresql://tester:any@127.0.0.1:{port}/postgres"
    finally:
        stop: list[str | Path] = [*control, "-m", "immediate", "stop"]
        subprocess.run(stop, check=True, stdout=subprocess.DEVNULL, cwd="/", **owner)
        shutil.rmtree(folder)


@pytest.fixture
def firm(new_firm: NewFirm, tmp_path: Path) -> Firm:
    """Give a loaded firm whose one model is built."""
    for name, text in MODELS.items():
        path = tmp_path / "sql" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    firm = new_firm()
    firm.load("tasks", "bills")
    assert run_transform(work(firm)).exit_code == 0
    return firm


def work(firm: Firm) -> Work:
    """Give what the commands work with."""
    clock = firm.run(clock=None, stop=None).clock
    folders = (firm.folder.parent / "sql",)
    return Work(
        firm.settings, clock, Lines(io.StringIO()), threading.Event(), folders, lambda _: {}
    )


def copied(firm: Firm) -> dict[str, tuple[str, int]]:
    """Copy, and give how each relation was copied, and how many of its rows."""
    outcome = run_copy(work(firm), "postgres")
    assert outcome.exit_code == 0
    return {row["relation"]: (row["how"], row["rows"]) for row in outcome.results}


def differing(firm: Firm, driver: Any, address: str) -> list[str]:  # noqa: ANN401
    """Name the relations whose rows are not the same on both sides."""
    queries = {
        "tasks": "select id, name, status, due_at::text, created_at::text, _row_hash, {load}"
        " from raw_clio_manage.tasks order by id",
        "bills": "select id, number, total, balance, {load} from raw_clio_manage.bills order by id",
        "dim_task": "select task_id, name from core.dim_task order by task_id",
    }
    there = driver.connect(address)
    there.set_session(autocommit=True)
    found = []
    with there.cursor() as cursor:
        for name, query in queries.items():
            cursor.execute("set timezone = 'UTC'")
            cursor.execute(query.format(load="_load_id"))
            if cursor.fetchall() != firm.query(query.format(load="_dlt_load_id")):
                found.append(name)
    there.close()
    return found


@pytest.mark.long
def test_a_destination_that_cannot_be_used(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2: another name, or no driver; and nothing of the password is told."""
    with pytest.raises(DestinationError, match="there is postgres"):
        run_copy(work(firm), "mysql")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", NOWHERE)
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(DestinationError, match="driver of postgres") as told:
        run_copy(work(firm), "postgres")
    assert "CANARY" not in str(told.value)


@pytest.mark.long
def test_a_copy_follows(
    firm: Firm,
    driver: Any,  # noqa: ANN401
    address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Everything the first time; then what a later load brought, and the marts that were built
    again; nothing where nothing changed. A check that fails stops it.
    """
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)
    first = copied(firm)
    assert first["raw_clio_manage.tasks"] == ("merge", 60)
    assert first["core.dim_task"] == ("replace", 60)
    assert differing(firm, driver, address) == []
    task = firm.clio.dump("tasks")[0]["id"]
    firm.clio.changes.update("tasks", task, {"name": "Call the court"})
    firm.load("tasks", "bills")
    assert run_transform(work(firm)).exit_code == 0
    assert differing(firm, driver, address) == ["tasks", "dim_task"]
    second = copied(firm)
    assert second["raw_clio_manage.tasks"] == ("merge", 1)
    assert second["raw_clio_manage.bills"] == ("unchanged", 0)
    assert second["core.dim_task"] == ("replace", 60)
    assert differing(firm, driver, address) == []
    assert copied(firm)["core.dim_task"] == ("unchanged", 0)
    assert not (firm.folder / "copy").exists()
    with Warehouse(firm.folder) as warehouse:
        warehouse.rows("update meta.checks set failures = 1")
    with pytest.raises(BuiltChecksFailedError):
        run_copy(work(firm), "postgres")


@pytest.mark.long
def test_a_destination_that_is_not_there(
    firm: Firm,
    driver: Any,  # noqa: ANN401
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told, with exit code 4 and without its password."""
    monkeypatch.delenv("DESTINATION__POSTGRES__CREDENTIALS", raising=False)
    with pytest.raises(DestinationError, match="address of postgres"):
        run_copy(work(firm), "postgres")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", NOWHERE)
    with pytest.raises(CopyFailedError) as told:
        run_copy(work(firm), "postgres")
    assert "CANARY" not in str(told.value)
