"""Measure, and write docs/benchmarks.md: `python -m tests.benchmarks`.

`--scale 0.1` is a quick run with a tenth of the firm; it prints the page and writes nothing.
`python -m tests.benchmarks models` measures the larger firm's warehouse alone, and prints that.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from sources.clio_http.clock import SystemClock

from . import alone, models, models_report, report
from .clio import ROOT, clio
from .phases import Phases

ACTIVITIES = 200_000
CONTACTS = 20_000
LARGE = 1_000_000
TARGET = ROOT / "docs" / "benchmarks.md"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("part", nargs="?", choices=["models"], help="measure this part alone")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size")
    parser.add_argument("--repeat", type=int, default=3, help="runs of (a) and (c)")
    parser.add_argument("--repeat-rest-api", type=int, default=2, help="runs of (b)")
    parser.add_argument(
        "--large", type=int, default=LARGE, help="activities of the larger firm; 0 leaves it out"
    )
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _firm(activities: int, contacts: int) -> list[str]:
    return ["--activities", str(activities), "--contacts", str(contacts)]


def _measure(given: argparse.Namespace, folder: Path) -> report.Results:
    activities, contacts = round(ACTIVITIES * given.scale), round(CONTACTS * given.scale)
    with clio(_firm(activities, contacts)) as firm:
        firm.warm()
        phases = Phases(firm, folder, _say)
        for number in range(max(given.repeat, given.repeat_rest_api)):
            letters = "ac" if number < given.repeat else ""
            letters += "b" if number < given.repeat_rest_api else ""
            phases.round(number, letters)
        profile = alone.profile(firm, folder / "profile")
        _say("profile: done")
    firsts = phases.runs["a", "first load"]
    memory = {activities: max(run.measured.memory for run in firsts)}
    found: models.Models | None = None
    if given.large:
        large = round(given.large * given.scale)
        with clio([*_firm(large, contacts), *models.sizes(large / LARGE)]) as firm:
            memory[large] = alone.first_load(firm, folder / "large").memory
            _say(f"{large:,} activities: {memory[large] / 1e6:.0f} MB")
            found = models.measured(firm, folder / "large", large, given.repeat, _say)
    quiet, requests = alone.everything(folder / "everything", given.repeat)
    return report.Results(
        runs=phases.runs,
        totals=phases.totals,
        quiet=quiet,
        quiet_requests=requests,
        help_text=alone.help_text(folder / "help", given.repeat),
        memory=memory,
        profile=profile,
        models=found,
    )


def _models_alone(given: argparse.Namespace, folder: Path) -> str:
    large = round(given.large * given.scale)
    contacts = round(CONTACTS * given.scale)
    with clio([*_firm(large, contacts), *models.sizes(large / LARGE)]) as firm:
        return models_report.page(models.measured(firm, folder, large, given.repeat, _say))


def main() -> None:
    """Measure and report."""
    given = _arguments()
    with tempfile.TemporaryDirectory(prefix="clio-sync-bench-") as folder:
        if given.part == "models":
            sys.stdout.write(_models_alone(given, Path(folder)))
            return
        results = _measure(given, Path(folder))
    text = report.page(results, SystemClock().now())
    if given.scale == 1:
        TARGET.write_text(text, "utf-8")
        missed = [target.name for target in report.targets(results) if not target.reached]
        _say(f"wrote docs/benchmarks.md; targets missed: {', '.join(missed) or 'none'}")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
