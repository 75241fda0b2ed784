"""The command line as a process of its own."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

from sources.clio_simulator import Simulator
from tests.system.nursery import ROOT, Forked

KEPT = (
    "PATH", "HOME", "DLT_DATA_DIR", "LANG", "TMPDIR", "SYSTEMROOT", "PYTHON_KEYRING_BACKEND",
)  # fmt: skip
SECONDS = 180


def environment(folder: Path, clio: Simulator | None = None, **more: str) -> dict[str, str]:
    """Return the environment of a command: nothing of this machine's but where programs are."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    ours = {"PYTHONPATH": str(ROOT), "CLIO_SYNC__DATA_DIR": str(folder)}
    if clio is not None:
        ours["SOURCES__CLIO_MANAGE__BASE_URL"] = clio.url
        ours["SOURCES__CLIO_MANAGE__ACCESS_TOKEN"] = clio.token
    return {**kept, **ours, **more}


def start(*words: str, env: dict[str, str], **more: Any) -> subprocess.Popen[str]:
    """Start a command; its streams are read by whoever waits for it.

    On Linux it is forked from a process that has imported it, unless the process itself is made
    ready by the test (`preexec_fn`).
    """
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    given = {**streams, **more}
    if sys.platform == "linux" and "preexec_fn" not in more:
        return Forked(words, env=env, text=True, **given)
    return anew(*words, env=env, **given)


def anew(*words: str, env: dict[str, str], **more: Any) -> subprocess.Popen[str]:
    """Start a command as a person does, in an interpreter of its own."""
    words = (sys.executable, "-m", "pipelines", *words)
    return subprocess.Popen(words, env=env, text=True, **more)


def run(*words: str, env: dict[str, str], **more: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    process = start(*words, env=env, **more)
    try:
        out, err = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def run_typing(typed: bytes, *words: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command at a terminal at which something is typed."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, typed)
        return run(*words, env=env, stdin=theirs)
    finally:
        os.close(theirs)
        os.close(ours)


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Read the one JSON document that a command printed."""
    parsed = json.loads(done.stdout)
    assert isinstance(parsed, dict)
    return parsed
