"""A PostgreSQL of its own for a module of tests, and what is put into it."""

import importlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import INSTALLED

DRIVER = "psycopg2-binary>=2.9,<3"


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return the driver of PostgreSQL, installed for this module alone."""
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
    folder, binaries = Path("/tmp") / f"pg-{os.getpid()}", found[-1].parent  # noqa: S108 - a socket's path must be short
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
