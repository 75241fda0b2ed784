"""Run a simulator: `python -m sources.clio_simulator --port 8765`."""

import argparse
from contextlib import suppress

import pendulum

from .seed import Seed
from .server import serve
from .switches import Switches
from .values import START, SimulatedClock

SIZES = (
    "contacts",
    "matters",
    "activities",
    "bills",
    "grow_contacts",
    "grow_matters",
    "grow_leads",
    "grow_notes",
)
"""The sizes of the firm that can be given."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sources.clio_simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8765, help="0 takes any free port")
    parser.add_argument("--seed", type=int, default=7, help="which firm")
    parser.add_argument("--scale", type=float, default=1.0, help="how large a firm")
    for name in SIZES:
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=int, help="exact number, instead of by scale")
    parser.add_argument("--rate-limit", type=int, default=50, help="requests a window; 0 is none")
    parser.add_argument("--rate-window", type=float, default=60.0, help="seconds")
    parser.add_argument("--clock", default="real", help="real, firm, or a moment in ISO-8601")
    return parser.parse_args()


def _clock(text: str) -> SimulatedClock:
    if text == "real":
        return SimulatedClock.real()
    if text == "firm":
        return SimulatedClock(START)
    moment = pendulum.parse(text, tz="UTC")
    if not isinstance(moment, pendulum.DateTime):
        message = f"not a moment: {text}"
        raise SystemExit(message)
    return SimulatedClock(moment)


def main() -> None:
    """Serve as the command line says."""
    given = _arguments()
    seed = Seed(given.seed, given.scale, **{name: getattr(given, name) for name in SIZES})
    switches = Switches(rate_limit=given.rate_limit, rate_window=given.rate_window)
    with suppress(KeyboardInterrupt):
        serve(seed, host=given.host, port=given.port, clock=_clock(given.clock), switches=switches)


if __name__ == "__main__":
    main()
