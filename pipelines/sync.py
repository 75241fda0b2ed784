"""`clio-sync sync`: load, transform, check, publish, reconcile; the one command for a schedule."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from sources.errors import ClioError

from .errors import BusyError
from .outcome import Outcome, status
from .publish import run_publish
from .reconcile.run import Wish, run_reconcile
from .run_load import Run, run_load
from .transform.run import Work, run_check, run_transform

INCOMPLETE = 4
LOAD = "load"
NOT_RUN = "not_run"


def run_sync(run: Run, work: Work, names: Sequence[str] = (), wish: Wish | None = None) -> Outcome:
    """Do all of it; a stage that fails ends it, and what is published stays.

    A load that is incomplete is no failure: what is stored is sound, so that the other stages
    follow, and the exit code is 4. Without names: every product that can be read. With a wish Clio
    and the warehouse are compared at the end; differences make the exit code 7.
    """
    outcome = Outcome("sync", work.clock.now(), run_id=uuid4().hex)
    stages: dict[str, Callable[[], Outcome]] = {
        LOAD: lambda: run_load(run, names),
        "transform": lambda: run_transform(work),
        "check": lambda: run_check(work),
        "publish": lambda: run_publish(work),
    }
    if wish is not None:
        stages["reconcile"] = lambda: run_reconcile(run, wish)
    results, goes_on = list[dict[str, Any]](), True
    for name, stage in stages.items():
        if not goes_on:
            results.append({"stage": name, "status": NOT_RUN})
            continue
        done = _ended(name, stage, work)
        results.append(_result(name, done))
        outcome.text += f"{name}\n\n{done.text}\n"
        outcome.errors += [(f"{name} {subject}".rstrip(), error) for subject, error in done.errors]
        outcome.exit_code = done.exit_code or outcome.exit_code
        goes_on = goes_on_after(name, done)
    outcome.results = results
    outcome.finished_at = work.clock.now()
    return outcome


def goes_on_after(name: str, done: Outcome) -> bool:
    """Tell whether the next stage follows: after an incomplete load it does.

    Not where the load never began, since another run is at work.
    """
    if name == LOAD and done.exit_code == INCOMPLETE:
        return not any(isinstance(error, BusyError) for _, error in done.errors)
    return done.exit_code == 0


def _ended(name: str, stage: Callable[[], Outcome], work: Work) -> Outcome:
    """Run a stage; one that could not begin is an end as others are."""
    started_at = work.clock.now()
    try:
        return stage()
    except ClioError as error:
        ended = Outcome(name, started_at, work.clock.now(), exit_code=error.exit_code)
        ended.errors = [("", error)]
        return ended


def _result(name: str, done: Outcome) -> dict[str, Any]:
    return {
        "stage": name,
        "status": status(done.exit_code),
        "exit_code": done.exit_code,
        "run_id": done.run_id,
        "results": list(done.results),
    }
