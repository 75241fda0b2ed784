"""Where the wall time of a load goes: all threads are looked at many times a second.

`python -m tests.benchmarks.sampler FILE load …` runs `clio-sync load …` in this process and
writes the seconds of each group into FILE. A moment in which several threads work is divided
among them; a thread that waits for another does not work. So the groups add up to the wall time.
"""

import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType

import orjson

INTERVAL = 0.005
KEPT = 40

HTTP = ("client", "exchange", "deadline", "retry", "limits", "paging", "statuses")
PARSE = ("rows", "leaves", "casts", "walks")

GROUPS = (
    ("start: imports", ("<frozen importlib",)),
    ("HTTP", tuple(f"sources/clio_http/{name}.py" for name in HTTP)),
    ("parse: pages to typed Arrow", tuple(f"sources/clio_http/{name}.py" for name in PARSE)),
    ("classify", ("pipelines/load/classify.py", "pipelines/state/hashed_columns.py")),
    ("dlt: extract", ("dlt/extract/",)),
    ("dlt: normalize", ("dlt/normalize/",)),
    ("dlt: load and merge", ("dlt/load/", "dlt/destinations/", "dlt/common/destination/")),
    ("dlt: around it", ("/dlt/",)),
    (
        "own tables, watermarks, checkpoint",
        ("pipelines/state/runs.py", "pipelines/load/", "pipelines/load/command.py"),
    ),
)
"""The innermost frame that belongs to a group decides."""

OTHER = "other"
NOBODY = "nobody works: dlt polls"
WAITS = ("/threading.py", "/queue.py", "/concurrent/futures/thread.py")


def group_of(frame: FrameType | None) -> str | None:
    """Return the group in which a thread works, None when it waits."""
    if frame is None or frame.f_code.co_filename.endswith(WAITS) or _sleeps(frame):
        return None
    inner: FrameType | None = frame
    while inner is not None:
        name = inner.f_code.co_filename
        for group, parts in GROUPS:
            if any(part in name for part in parts):
                return group
        inner = inner.f_back
    return OTHER


def _sleeps(frame: FrameType) -> bool:
    """Tell whether a thread is within dlt's polling: sleeping is a call without a frame."""
    code = frame.f_code
    return code.co_filename.endswith("dlt/common/runtime/signals.py") and "sleep" in code.co_name


class Sampler(threading.Thread):
    """Looks at all threads until it is stopped."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        super().__init__(daemon=True)
        self.seconds: dict[str, float] = defaultdict(float)
        self.places: dict[str, float] = defaultdict(float)
        self._stop_now = threading.Event()

    def run(self) -> None:
        """Look, sleep, and look again."""
        last = time.perf_counter()
        while not self._stop_now.wait(INTERVAL):
            now = time.perf_counter()
            self._look(now - last)
            last = now

    def stop(self) -> None:
        """Look no more."""
        self._stop_now.set()
        self.join()

    def _look(self, passed: float) -> None:
        frames = {k: f for k, f in sys._current_frames().items() if k != self.ident}
        working = [(g, f) for f in frames.values() if (g := group_of(f)) is not None]
        for group, frame in working:
            self.seconds[group] += passed / len(working)
            self.places[_place(group, frame)] += passed / len(working)
        if not working:
            self.seconds[NOBODY] += passed


def _place(group: str, frame: FrameType) -> str:
    """Name the innermost function of a group's own, for whoever wants to make it faster."""
    parts = dict(GROUPS).get(group, ())
    inner: FrameType | None = frame
    while inner is not None:
        if any(part in inner.f_code.co_filename for part in parts):
            file = Path(inner.f_code.co_filename)
            return f"{file.parent.name}/{file.name} {inner.f_code.co_qualname}"
        inner = inner.f_back
    return group


def main() -> None:
    """Run the command line under the sampler."""
    target = Path(sys.argv[1])
    sampler = Sampler()
    sampler.start()
    from pipelines.cli import main as command  # noqa: PLC0415 - its imports are part of the time

    code: object = 0
    try:
        command(sys.argv[2:], prog_name="clio-sync")
    except SystemExit as ended:
        code = ended.code
    sampler.stop()
    places = sorted(sampler.places.items(), key=lambda item: -item[1])
    found = {"seconds": dict(sampler.seconds), "places": dict(places[:KEPT])}
    target.write_bytes(orjson.dumps(found))
    raise SystemExit(code)


if __name__ == "__main__":
    main()
