"""Commands as processes that need not import everything first: each is forked from one that did.

Importing takes more than a second of every command and is always the same; what comes after it is
the command's own. What is forked becomes a child of the tests' process, as if it had been started
there, and is waited for, signalled and killed like any other.
"""

import atexit
import ctypes
import gc
import json
import os
import runpy
import socket
import subprocess
import sys
import threading
import time
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
IMPORTED = (
    "pipelines.cli",
    "pipelines.progress",
    "pipelines.operate.resources",
    "pipelines.sweep.command",
    "pipelines.operate.status",
)
PR_SET_CHILD_SUBREAPER = 36
LONGEST = 1 << 20


class Forked(subprocess.Popen[str]):
    """A command in a process that is forked, not started; all of its streams must be given."""

    def _execute_child(self, args: list[str], *more: Any) -> None:
        env, pipes = more[5], more[9:15]
        order = {"words": args, "env": env, "cwd": str(Path.cwd())}
        waiting = _waiting()
        try:
            socket.send_fds(waiting, [json.dumps(order).encode()], [pipes[0], pipes[3], pipes[5]])
            self.pid = int(waiting.recv(LONGEST))
            self._child_created = True
        finally:
            self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


@cache
def _waiting() -> socket.socket:
    """Start the process that commands are forked from, and adopt what it leaves behind."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        words = [sys.executable, "-m", __name__, str(theirs.fileno())]
        process = subprocess.Popen(words, cwd=ROOT, pass_fds=[theirs.fileno()])
    atexit.register(_end, ours, process)
    return ours


def _end(ours: socket.socket, process: subprocess.Popen[bytes]) -> None:
    """Close this end of the pair, which is what the other process ends at."""
    ours.close()
    process.wait()


def serve(orders: socket.socket) -> None:
    """Fork a process for each order and tell its number; return in that process alone."""
    while True:
        text, streams, _, _ = socket.recv_fds(orders, LONGEST, 3)
        if not text:
            os._exit(0)
        between = os.fork()
        if between == 0:
            child = os.fork()
            if child == 0:
                break
            orders.send(b"%d" % child)
            os._exit(0)
        os.waitpid(between, 0)
        for stream in streams:
            os.close(stream)
    orders.close()
    become(json.loads(text), streams)


def become(order: dict[str, Any], streams: list[int]) -> None:
    """Take the words, the environment, the folder and the streams of the order."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    os.chdir(order["cwd"])
    sys.argv = ["pipelines", *order["words"]]


def leave(code: int) -> None:
    """End as an interpreter does, but for taking apart what was imported."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    for module in IMPORTED:
        import_module(module)
    gc.freeze()  # what is shared need not be looked through, and copied by that, in every process
    serve(socket.socket(fileno=int(sys.argv[1])))
    try:
        runpy.run_module("pipelines", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        leave(int(ended.code or 0))
