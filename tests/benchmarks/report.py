"""The page of results: tables, ratios with their targets, where the time goes."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

import pendulum

from . import models_report
from .alone import Profile
from .measure import Measured
from .models import Models
from .phases import PHASES
from .tables import Target, megabytes, table, verdicts
from .ways import WAYS, Run

PACKAGES = ("dlt", "duckdb", "pyarrow", "httpx", "orjson", "sqlglot", "pendulum")
PLACES_SHOWN = 12


@dataclass(frozen=True)
class Results:
    """Everything that was measured."""

    runs: Mapping[tuple[str, str], Sequence[Run]]
    totals: Mapping[str, int]
    quiet: Sequence[Measured]
    quiet_requests: int
    help_text: float
    memory: Mapping[int, int]
    profile: Profile
    models: Models | None = None


def wall(runs: Sequence[Run]) -> float:
    """Return the median wall time."""
    return median(run.measured.wall for run in runs)


def cpu(runs: Sequence[Run]) -> float:
    """Return the median CPU time."""
    return median(run.measured.cpu for run in runs)


def targets(results: Results) -> list[Target]:
    """Work out what was promised."""
    first = {way.letter: wall(results.runs[way.letter, "first load"]) for way in WAYS}
    times, over = first["b"] / first["a"], first["a"] / first["c"]
    quiet, words = median(run.wall for run in results.quiet), results.help_text
    found = [
        Target("first load, rows/s of (a) over (b)", f"{times:.1f}", "at least 5", times >= 5),
        Target("first load, wall time of (a) over (c)", f"{over:.2f}", "at most 1.6", over <= 1.6),
        Target("all collections, nothing changed", f"{quiet:.2f} s", "under 5 s", quiet < 5),
        Target("`clio-sync --help`", f"{words:.2f} s", "under 0.3 s", words < 0.3),
    ]
    for rows, peak in results.memory.items():
        name = f"peak memory of a first load, {rows:,} activities"
        found.append(Target(name, megabytes(peak), "under 700 MB", peak < 700e6))
    if len(results.memory) > 1:
        sizes = list(results.memory.values())
        apart = max(sizes) / min(sizes) - 1
        name = "peak memory, the larger firm over the smaller"
        found.append(Target(name, f"{apart:+.0%}", "within 20 %", apart <= 0.2))
    if results.models is not None:
        found += models_report.targets(results.models)
    return found


def _phase(results: Results, phase: str) -> str:
    header = ("Way", "runs", "wall", "CPU", "peak memory", "requests", "records/s")
    rows = []
    for way in WAYS:
        runs = results.runs.get((way.letter, phase), [])
        if not runs:
            continue
        speed = f"{runs[0].rows / wall(runs):,.0f}" if phase == PHASES[0] else ""
        peak = median(run.measured.memory for run in runs)
        requests = f"{median(run.requests for run in runs):,.0f}"
        cells = [f"{wall(runs):.2f} s", f"{cpu(runs):.2f} s", megabytes(peak), requests, speed]
        rows.append([f"({way.letter}) {way.title}", str(len(runs)), *cells])
    return f"**{phase.capitalize()}**\n\n" + table(header, rows)


def _in_cpu_time(results: Results) -> str:
    first = {way.letter: cpu(results.runs[way.letter, "first load"]) for way in WAYS}
    return (
        "In CPU time, which other work on the machine disturbs less, a first load with (b) takes"
        f"\n{first['b'] / first['a']:.1f} times what (a) takes, and (a)"
        f" {first['a'] / first['c']:.1f} times what (c) takes."
    )


def _profile(profile: Profile) -> str:
    total = sum(profile.seconds.values())
    ordered = sorted(profile.seconds.items(), key=lambda item: -item[1])
    groups = [[name, f"{spent:.2f} s", f"{spent / total:.0%}"] for name, spent in ordered]
    places = list(profile.places.items())[:PLACES_SHOWN]
    shown = [[f"`{name}`", f"{spent:.2f} s"] for name, spent in places]
    return (
        table(("Work", "wall", "share"), groups)
        + "\n"
        + table(("Innermost function of its group", "wall"), shown)
    )


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = [
        f"{os.cpu_count()} cores ({_processor()})",
        f"{memory:.0f} GB of memory",
        f"{platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}",
        *(f"{name} {version(name)}" for name in PACKAGES),
    ]
    return ", ".join(parts)


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text("utf-8").splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def page(results: Results, now: pendulum.DateTime) -> str:
    """Write the whole page."""
    totals = results.totals
    models = "" if results.models is None else models_report.section(results.models) + "\n"
    return f"""# Benchmarks

`make bench` wrote this page on {now.format("D MMMM YYYY")}. Machine: {_machine()}.

Three ways load the same two lists from the same simulated Clio: {totals["activities.rows"]:,}
activities and {totals["contacts.rows"]:,} contacts with their arrays (addresses, phone numbers,
custom field values and more), every field of the catalogue, 200 records a page. Clio runs in a
process of its own on this machine, without a rate limit, its records already rendered. Each
number is the median of whole processes, imports included; memory is the peak of the process.
The machine has only {os.cpu_count()} cores and Clio's simulator takes part of them.

- (a) **this project**: checks each page and each value, classifies each row, can be resumed.
- (b) **dlt's own `rest_api` source**: the usual set-up with Parquet files, merge by `id`,
  incremental by `updated_at`. It makes child tables of the arrays and checks no paging.
- (c) **the limit**: one httpx client and DuckDB's `from_json` and `merge`, without dlt; nothing
  is checked and nothing can be resumed.

After every phase the three warehouses held the same number of rows, the same number of keys
and the same sum of `activities.total`.

## Targets

{verdicts(targets(results))}
{_in_cpu_time(results)}

## Phases

{chr(10).join(_phase(results, phase) for phase in PHASES)}
An hour passes between phases, so that (a), which reads 15 minutes back, finds nothing twice.
A real Clio allows 50 requests a minute at busy hours, 167 records a second at best.

## All collections, nothing changed

`load --all` of a firm of scale 1: {len(results.quiet)} runs, median
{median(run.wall for run in results.quiet):.2f} s of wall time,
{median(run.cpu for run in results.quiet):.2f} s of CPU time,
{megabytes(median(run.memory for run in results.quiet))}, {results.quiet_requests} requests.

{models}## Where the wall time of (a) goes

A first load in a run of its own, all threads looked at every 5 ms. A moment in which several
threads work is divided among them, so the shares add up; a thread that waits does not count.

{_profile(results.profile)}"""
