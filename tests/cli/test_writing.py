"""`clio-sync plan`, `review`, `push`, `undo`, `audit`: the way back as people type it."""

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from pipelines.cli import main, push
from tests.cli.here import put_back
from tests.system.firm import Firm
from tests.system.process import document as printed
from tests.system.process import environment, run_typing, start
from tests.system.writing import Desk
from tests.tampering import unguarded

CANARY = "Client confided: canary-7788"


@pytest.fixture
def firm(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Firm]:
    """Return a loaded firm without any edit, to which this process's commands go."""
    unedited = desk.firm
    monkeypatch.setenv("CLIO_SYNC__DATA_DIR", str(unedited.folder))
    monkeypatch.setenv("SOURCES__CLIO_MANAGE__BASE_URL", unedited.clio.url)
    monkeypatch.setenv("SOURCES__CLIO_MANAGE__ACCESS_TOKEN", unedited.clio.token)
    monkeypatch.setenv("CLIO_SYNC__ACTOR", "Ada Author")
    with put_back():
        yield unedited


def call(*words: str, by: str = "Ada Author") -> tuple[int, str, str]:
    """Run a command as someone; give its exit code and what it printed where."""
    done = CliRunner().invoke(main, words, env={"CLIO_SYNC__ACTOR": by})
    return done.exit_code, done.stdout, done.stderr


def document(*words: str, by: str = "Ada Author") -> dict[str, Any]:
    """Run a command, and read the JSON document that it printed."""
    found: dict[str, Any] = json.loads(call(*words, "--json", by=by)[1])
    return found


def planned() -> str:
    """Propose and plan a change; give the plan."""
    word = f"description={CANARY}"
    assert call("edits", "propose", "matters", "2000001", word, "--reason", "agreed")[0] == 0
    return str(document("plan")["results"][0]["plan"])


def test_the_road(firm: Firm) -> None:
    """Each step names the next one, another person approves, and undoing goes the same road."""
    plan = planned()
    code, out, _ = call("review", plan, "--approve", "all")
    assert (code, out) == (5, "")
    _, out, _ = call("review", plan, "--approve", "all", "--comment", "ok", by="Bo")
    assert f"clio-sync push {plan} --commit {plan}" in out
    code, out, _ = call("push", plan, by="Bo")
    assert code == 0
    assert "Nothing was sent" in out
    assert firm.clio.writes == []
    assert call("push", plan, "--commit", "0" * 12, by="Bo")[0] == 2
    pushed = document("push", plan, "--commit", plan, by="Bo")
    assert (pushed["exit_code"], pushed["results"][0]["state"]) == (0, "applied")
    assert [one.status for one in firm.clio.writes] == [412, 200]
    undone = document("undo", plan)["results"]
    assert [one["edit_id"] is not None for one in undone] == [True]
    _, out, _ = call("status")
    assert "1 edit is proposed and waits for clio-sync plan" in out


def test_the_plan_says_what_a_person_must_know(firm: Firm) -> None:
    """The record, its field, the value in Clio, the proposed one, the reason and the effort."""
    now = next(row for row in firm.clio.dump("matters") if row["id"] == 2000001)
    planned()
    _, out, _ = call("plan", "--again")
    for part in (now["display_number"], "description", CANARY, "agreed", "requests, about"):
        assert part in out


def test_nobody_at_the_terminal_means_no(firm: Firm) -> None:
    """Without a terminal a review shows the plan and approves nothing."""
    plan = planned()
    code, out, _ = call("review", plan, by="Bo")
    assert code == 0
    assert CANARY in out
    assert "0 edits approved" in out


def test_only_a_plain_yes_is_one(firm: Firm) -> None:
    """At a terminal the word yes approves the plan, and nothing else does."""
    plan = planned()
    env = environment(firm.folder, firm.clio, CLIO_SYNC__ACTOR="Bo")
    for typed, state in (
        (b"y\n", "planned"),
        (b"\n", "planned"),
        (b"YES please\n", "planned"),
        (b"yes\n", "approved"),
    ):
        done = run_typing(typed, "review", plan, "--json", env=env)
        assert done.returncode == 0, done.stderr
        assert [one["state"] for one in printed(done)["results"]] == [state]


def test_ctrl_c_at_the_question_means_no(firm: Firm) -> None:
    """A review that is interrupted while it asks ends well, and has approved nothing."""
    plan = planned()
    env = environment(firm.folder, firm.clio, CLIO_SYNC__ACTOR="Bo")
    ours, theirs = os.openpty()
    process = start("review", plan, "--json", env=env, stdin=theirs)
    try:
        assert process.stderr is not None
        said = ""
        while not said.endswith("Type yes: "):
            letter = process.stderr.read(1)
            assert letter, said
            said += letter
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        os.close(theirs)
        os.close(ours)
    assert process.returncode == 0, err
    assert [one["state"] for one in json.loads(out)["results"]] == ["planned"]


def test_ctrl_c_means_no(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C at the question answers it, and what it did before it does again after."""
    before = signal.getsignal(signal.SIGINT)
    master, slave = os.openpty()
    with os.fdopen(slave, "r") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        assert push._says_yes("?") is False
        timer.join()
    os.close(master)
    assert signal.getsignal(signal.SIGINT) is before


def test_audit(firm: Firm) -> None:
    """The events are shown without values; a changed one is found, and nothing more is planned."""
    plan = planned()
    call("review", plan, "--approve", "all", "--comment", CANARY, by="Bo")
    code, out, _ = call("audit", "show")
    assert code == 0
    assert "edit_approved" in out
    shown = document("audit", "show")
    assert "canary" not in json.dumps(shown)
    verified = document("audit", "verify")
    head = verified["results"][0]["head"]
    assert verified["exit_code"] == 0
    assert call("audit", "verify", "--head", head)[0] == 0
    assert call("audit", "verify", "--head", f"7:{'0' * 64}")[0] == 7
    with unguarded(firm.folder) as database:
        database.execute("update events set body = replace(body, 'agreed', 'ordered')")
    assert call("audit", "verify")[0] == 7
    assert call("plan")[0] == 7
    assert call("audit", "accept")[0] == 7
    assert call("push", plan, "--commit", plan, by="Bo")[0] == 7


def test_a_cut_ledger_is_accepted_by_a_person_alone(firm: Firm) -> None:
    """A ledger that is lost stops writing and not reading, until somebody says to go on."""
    planned()
    for name in ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"):
        (firm.folder / name).unlink(missing_ok=True)
    assert call("plan")[0] == 7
    assert call("status")[0] == 0
    assert call("audit", "accept")[0] == 0
    assert call("plan")[0] == 0
    assert call("audit", "verify")[0] == 0
