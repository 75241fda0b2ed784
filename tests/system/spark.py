"""A Spark of its own: a master with two workers on this machine, and statements run there."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import INSTALLED

PYSPARK = "pyspark>=4.0,<4.1"
LOOPBACK = "127.0.0.1"
WORKERS = 2
SMALL_JVM = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
"""Programs of seconds are not worth more compiling."""
SETTINGS = {
    "spark.cores.max": WORKERS,
    "spark.driver.bindAddress": LOOPBACK,
    "spark.driver.extraJavaOptions": SMALL_JVM,
    "spark.driver.host": LOOPBACK,
    "spark.driver.memory": "768m",
    "spark.executor.cores": 1,
    "spark.executor.extraJavaOptions": SMALL_JVM,
    "spark.executor.memory": "512m",
    "spark.scheduler.maxRegisteredResourcesWaitingTime": "120s",
    "spark.scheduler.minRegisteredResourcesRatio": 1.0,  # nothing runs before both are there
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # not the INT96 of old
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": 2,
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
JOB = """
import json, sys
from pyspark.sql import SparkSession
given = json.loads(sys.stdin.read())
builder = SparkSession.builder.appName("marts")
for name, value in given["settings"].items():
    builder = builder.config(name, value)
spark = builder.getOrCreate()
try:
    for statement in given["statements"]:
        spark.sql(statement)
finally:
    spark.stop()
"""
START_SECONDS, JOB_SECONDS, STOP_SECONDS = 60, 600, 20


@dataclass(frozen=True)
class Cluster:
    """A running Spark: its address, where it is installed, and a folder for all that it writes."""

    address: str
    environ: Mapping[str, str]
    folder: Path

    def run(self, statements: Sequence[str]) -> None:
        """Run statements of SQL one after the other, in one session.

        Raises:
            AssertionError: one failed, or it took too long; with the end of what Spark said.

        """
        settings = {
            **SETTINGS,
            "spark.master": self.address,
            "spark.sql.warehouse.dir": str(self.folder / "warehouse"),
        }
        given = json.dumps({"settings": settings, "statements": statements})
        job, log = self.folder / "job.json", self.folder / "job.log"
        job.write_text(given, "utf-8")
        with running([sys.executable, "-c", JOB], self.environ, log, job) as process:
            code = process.wait(JOB_SECONDS)
        assert code == 0, log.read_text("utf-8")[-4000:]

    def at_work(self) -> int:
        """Count the workers that finished a part of it."""
        logs = self.folder.glob("worker-*/app-*/*/stderr")
        return sum("Finished task" in log.read_text("utf-8") for log in logs)


@pytest.fixture(scope="module")
def spark_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the folder of Spark's Python package, installed for this module alone."""
    if shutil.which("java") is None:
        pytest.skip(f"Java is not on this machine, {INSTALLED}")
    folder = tmp_path_factory.mktemp("pyspark")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    try:
        subprocess.run([*pip, "--target", str(folder), PYSPARK], check=True)
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def started(home: Path, folder: Path) -> Iterator[Cluster]:
    """Run a master and two workers of one core each; at the end none of their processes is left."""
    environ = {
        **os.environ,
        "PYTHONPATH": str(home),
        "SPARK_DAEMON_JAVA_OPTS": SMALL_JVM,
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_HOME": str(home / "pyspark"),
        "SPARK_LOCAL_DIRS": str(folder / "local"),
        "SPARK_LOCAL_IP": LOOPBACK,
    }
    with socket.create_server((LOOPBACK, 0)) as free:
        port = free.getsockname()[1]
    address, here = f"spark://{LOOPBACK}:{port}", ["--host", LOOPBACK, "--webui-port", "0"]
    daemon = [str(home / "pyspark" / "bin" / "spark-class")]
    master = [*daemon, "org.apache.spark.deploy.master.Master", *here, "--port", str(port)]
    worker = [*daemon, "org.apache.spark.deploy.worker.Worker", *here, "--cores", "1"]
    with ExitStack() as stack:
        stack.enter_context(running(master, environ, folder / "master.log"))
        wait_for(port, folder / "master.log")
        for number in range(WORKERS):
            own = folder / f"worker-{number}"
            command = [*worker, "--memory", "1g", "--work-dir", str(own), address]
            stack.enter_context(running(command, environ, own.with_suffix(".log")))
        yield Cluster(address, environ, folder)


@contextmanager
def running(
    command: Sequence[str], environ: Mapping[str, str], log: Path, given: Path = Path(os.devnull)
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program, its output in a file; at the end it and all that it started is gone."""
    with log.open("wb") as output, given.open("rb") as file:
        process = subprocess.Popen(
            command, env=environ, stdin=file, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(port: int, log: Path) -> None:
    """Wait until the master listens."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
            return
        time.sleep(0.2)
    raise AssertionError(log.read_text("utf-8")[-4000:])
