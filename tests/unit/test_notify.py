"""Notifications: when, what stands in them, and what becomes of one that does not arrive."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pendulum
import pytest

from pipelines.config import Settings, read_settings
from pipelines.errors import AbsentError, BusyError, StorageError, UnequalError
from pipelines.operate.notify import event, tell
from pipelines.outcome import Outcome
from pipelines.reconcile.errors import DifferencesError
from pipelines.transform.errors import ChecksFailedError
from sources.clio_http.secret import Secret
from sources.errors import ClioError, ConfigurationError
from tests.system.process import document, environment, run

NAME = "CANARY-client-name"
SECRET_PATH = "/hook/CANARY-address"


class Hook:
    """A server that takes what is posted and answers with one status."""

    def __init__(self, status: int) -> None:
        """Listen on a free port."""
        posted = self.posted = list[bytes]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                posted.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(status)
                self.send_header("location", "http://127.0.0.1:1/")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the server calls it by
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}{SECRET_PATH}"

    def documents(self) -> list[dict[str, Any]]:
        """Read what was posted."""
        return [json.loads(body) for body in self.posted]


@contextmanager
def hook(status: int = 200) -> Iterator[Hook]:
    """Return a server for webhooks."""
    here = Hook(status)
    thread = threading.Thread(target=here.server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield here
    finally:
        here.server.shutdown()
        thread.join()
        here.server.server_close()


def outcome(command: str, exit_code: int, *errors: ClioError) -> Outcome:
    """Return the end of a command, in which a client's name stands everywhere."""
    now = pendulum.datetime(2026, 3, 2, 9)
    ended = Outcome(command, now, now, "run1", exit_code, [{"name": NAME}], text=NAME)
    ended.errors = [(NAME, error) for error in errors]
    return ended


def settings(url: str, shape: str = "generic") -> Settings:
    """Return settings with a webhook."""
    return Settings(Path("data"), "tester", notify_url=Secret(url), notify_shape=shape)


@pytest.mark.parametrize(
    ("ended", "happened"),
    [
        (outcome("load", 0), ""),
        (outcome("load", 130), ""),
        (outcome("load", 4, BusyError("x")), ""),
        (outcome("sql", 1), ""),
        (outcome("load", 4), "partial"),
        (outcome("load", 4, StorageError("x")), "partial"),
        (outcome("load", 1), "failed"),
        (outcome("sync", 3), "failed"),
        (outcome("sweep", 5, AbsentError("x", "sweep", "tasks", 3)), "guard_stopped"),
        (outcome("sync", 7, StorageError("x"), ChecksFailedError("x")), "checks_failed"),
        (outcome("sweep", 7, UnequalError("x")), "certificate_failed"),
        (outcome("sync", 7, StorageError("x"), DifferencesError(3)), "differences"),
        (outcome("load", 7), "failed"),
    ],
)
def test_what_is_told(ended: Outcome, happened: str) -> None:
    """Failed, partial, checks failed, guard stopped, certificate failed, differences; nothing of a
    run that is well, was interrupted, met another one, or was started by a person who reads.
    """
    assert event(ended) == happened


@pytest.mark.parametrize("shape", ["generic", "slack"])
def test_counts_and_ids_alone(shape: str) -> None:
    """Nothing of a subject, message, result or text is sent."""
    ended = outcome(
        "sync", 7, ChecksFailedError(NAME), ChecksFailedError(NAME), DifferencesError(40)
    )
    with hook() as here:
        tell(ended, settings(here.url, shape))
    (sent,) = here.documents()
    assert "CANARY" not in json.dumps(sent)
    assert len(ended.errors) == 3
    if shape == "slack":
        assert set(sent) == {"text", "blocks"}
        assert sent["text"] == "clio-sync sync: a check failed"
        assert "2 x checks_failed, 40 x differences" in sent["blocks"][0]["text"]["text"]
    else:
        assert sent["errors"] == {"checks_failed": 2, "differences": 40}
        assert (sent["event"], sent["command"]) == ("checks_failed", "sync")
        assert (sent["exit_code"], sent["run_id"]) == (7, "run1")
        assert sent["finished_at"] == "2026-03-02T09:00:00Z"


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_refuses(status: int) -> None:
    """It is told without the address, the exit code stays, and no redirect is followed."""
    ended = outcome("load", 4)
    with hook(status) as here:
        tell(ended, settings(here.url))
    ((_, error),) = ended.errors
    assert (ended.exit_code, error.code) == (4, "notification")
    assert str(status) in str(error)
    assert "CANARY" not in str(error)
    assert len(here.posted) == 1


def test_a_webhook_that_is_not_there() -> None:
    """The same when nobody listens."""
    with hook() as here:
        pass
    ended = outcome("load", 5)
    tell(ended, settings(here.url))
    assert (ended.exit_code, ended.errors[0][1].code) == (5, "notification")
    assert "CANARY" not in str(ended.errors[0][1])


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/x",
        "ftp://hooks.example",
        "https://",
        "https://u:CANARY@a.example",
        "CANARY",
    ],
)
def test_an_address_that_is_refused(url: str, tmp_path: Path) -> None:
    """Only https, or this machine; no user and password. The message does not quote it."""
    with pytest.raises(ConfigurationError, match="notify_url") as told:
        read_settings({"CLIO_SYNC__NOTIFY_URL": url, "USER": "x"}, tmp_path)
    assert "CANARY" not in str(told.value)


def test_the_settings_of_notifications(tmp_path: Path) -> None:
    """They are read, the address is a secret, and an unknown shape is refused."""
    given = {"CLIO_SYNC__NOTIFY_URL": "https://hooks.example/CANARY", "USER": "x"}
    read = read_settings({**given, "CLIO_SYNC__NOTIFY_SHAPE": "slack"}, tmp_path)
    assert (read.notify_shape, "CANARY" in repr(read)) == ("slack", False)
    with pytest.raises(ConfigurationError, match="generic, slack"):
        read_settings({**given, "CLIO_SYNC__NOTIFY_SHAPE": "teams"}, tmp_path)


def test_a_command_sends_it(tmp_path: Path) -> None:
    """A run of the command line tells it, once, and its exit code is its own."""
    with hook(500) as here:
        env = environment(tmp_path / "data", CLIO_SYNC__NOTIFY_URL=here.url)
        done = run("transform", "--json", env=env)
    assert done.returncode == 4
    assert [error["code"] for error in document(done)["errors"]] == ["no_warehouse", "notification"]
    assert [sent["event"] for sent in here.documents()] == ["partial"]
    assert "CANARY" not in done.stdout + done.stderr
