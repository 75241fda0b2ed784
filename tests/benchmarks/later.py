"""`python -m tests.benchmarks.later SECONDS MODULE …`: run a module that much later.

Where time passes at the simulated Clio it passes on this machine as well: a load that saw the two
clocks go apart would read every collection whole.
"""

import runpy
import sys
from dataclasses import replace

import pendulum

from sources.clio_http.clock import Boot, SystemClock

_now, _boot = SystemClock.now, SystemClock.boot


def main(seconds: float, module: str, words: list[str]) -> None:
    """Put the clocks of this process forward, then run the module."""

    def now(clock: SystemClock) -> pendulum.DateTime:
        return _now(clock).add(seconds=seconds)

    def boot(clock: SystemClock) -> Boot | None:
        found = _boot(clock)
        return found and replace(found, seconds=found.seconds + seconds)

    SystemClock.now = now  # type: ignore[assignment, method-assign]
    SystemClock.boot = boot  # type: ignore[assignment, method-assign]
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2], sys.argv[3:])
