"""`clio-sync sync`: load, transform, check, publish, reconcile; the one command for a schedule."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from pipelines.errors import BusyError
from pipelines.load.command import run_load
from pipelines.load.planning import EVERYTHING, Choice
from pipelines.load.result import URGENCY
from pipelines.outcome import Outcome, status
from pipelines.publish.snapshot import run_publish
from pipelines.reconcile.run import ReconcileOptions, run_reconcile
from pipelines.transform.errors import ChecksFailedError, UnhealedError
from pipelines.transform.failing import give_up
from pipelines.transform.run import ModelContext, run_check, run_transform
from sources.errors import ClioError

from .healing import SOURCE, run_heal, told_ailing

INCOMPLETE = 4
GUARD = 5
NOT_ABOUT_CHECKS = frozenset({3, 130})
"""Exit codes of a healing that a signal or a lost sign-in ended, whatever the checks said."""
LOAD, PUBLISH, TRANSFORM = "load", "publish", "transform"
NOT_RUN = "not_run"
UNPUBLISHED = "Nothing was published by this run; what was published before stays.\n"
UNDONE = "Nothing was done; the reason stands below.\n"
"""Stands under the heading of a stage that could not begin."""


def run_sync(
    context: ModelContext,
    names: Sequence[str] = (),
    wish: ReconcileOptions | None = None,
    *,
    choice: Choice = EVERYTHING,
    partial: bool = False,
) -> Outcome:
    """Do all of it; a stage that fails ends it, and what is published stays.

    A load that is incomplete is no failure: what is stored is sound, so that the other stages
    follow, and the exit code is 4. Without names: every product that can be read. With a wish Clio
    and the warehouse are compared at the end; differences make the exit code 7.
    """
    outcome = Outcome("sync", context.clock.now(), run_id=uuid4().hex)
    stages: dict[str, Callable[[], Outcome]] = {
        LOAD: lambda: run_load(context, names, choice),
        TRANSFORM: lambda: _built(context, names, outcome.run_id),
        "check": lambda: run_check(context),
        PUBLISH: lambda: run_publish(context, partial=partial),
    }
    if wish is not None:
        stages["reconcile"] = lambda: run_reconcile(context, wish)
    results, goes_on = list[dict[str, Any]](), True
    for name, stage in stages.items():
        if not goes_on:
            results.append({"stage": name, "status": NOT_RUN})
            continue
        started_at = context.clock.now()
        try:
            done = stage()
        except ClioError as error:
            done = Outcome(name, started_at, exit_code=error.exit_code, errors=[("", error)])
        results.append(_result(name, done))
        outcome.text += f"{name}\n\n{done.text or UNDONE}\n"
        outcome.errors += [(f"{name} {subject}".rstrip(), error) for subject, error in done.errors]
        outcome.exit_code = worst(outcome.exit_code, done.exit_code)
        goes_on = goes_on_after(name, done)
    outcome.results = results
    if not any(row["stage"] == PUBLISH and row.get("results") for row in results):
        outcome.text += UNPUBLISHED
    return outcome


def worst(before: int, now: int) -> int:
    """Return the exit code of two stages: that which needs somebody the most.

    A guard of the load stays what is told, however the stages that followed it ended.
    """
    return max(before, now, key=lambda code: URGENCY.get(code, max(URGENCY.values()) + 1))


def goes_on_after(name: str, done: Outcome) -> bool:
    """Tell whether the next stage follows: after an incomplete load it does.

    So it does where columns are withheld, since what is stored is sound: figures that need them
    are empty. Not where the load never began, since another run is at work.
    """
    if name == LOAD and done.exit_code == INCOMPLETE:
        return not any(isinstance(error, BusyError) for _, error in done.errors)
    if name == LOAD and done.exit_code == GUARD:
        stops = [error for _, error in done.errors if error.exit_code not in {0, INCOMPLETE}]
        return bool(stops) and all(getattr(error, "goes_on", False) for error in stops)
    if name == PUBLISH and done.exit_code == INCOMPLETE:
        # published with empty figures, or not: the comparison with Clio follows either way
        return True
    return done.exit_code == 0


def _built(context: ModelContext, names: Sequence[str], run_id: str) -> Outcome:
    """Build; where checks still fail that rest on what Clio does not show, build without it.

    Figures that need it are empty then, until a load reads it again.
    """
    built = _healed(context, names, run_id)
    failed = _failed(built)
    if not failed or built.exit_code in NOT_ABOUT_CHECKS:
        return built
    without = give_up(context, failed)
    if not without:
        return built
    again = run_transform(context)
    again.text += (
        f"Checks failed since Clio does not show these now: {', '.join(without)}. The figures that"
        " need them are empty; clio-sync status --problems says what to do.\n"
    )
    return again


def _failed(built: Outcome) -> list[str]:
    return [subject for subject, error in built.errors if isinstance(error, ChecksFailedError)]


def _healed(context: ModelContext, names: Sequence[str], run_id: str) -> Outcome:
    """Build; where checks fail, read their records again and build once more.

    A record that was deleted in Clio, or read while it changed, never needs a person.
    """
    first = run_transform(context)
    failed = _failed(first)
    if not failed or (names and SOURCE not in names):
        return first
    try:
        healed = run_heal(context, failed, run_id)
    except ClioError as error:
        first.errors.append(("reading the records again", error))
        if error.exit_code in NOT_ABOUT_CHECKS:
            first.exit_code = error.exit_code
        return first
    if not healed.asked:
        return first
    # built anew in any case: what is read again may also be revived, or may have been settled since
    second = run_transform(context)
    told = told_ailing(healed.asked)
    second.text += f"Read again since checks failed: {told}; {healed.gone:,} are gone in Clio.\n"
    second.errors = [
        (subject, UnhealedError(str(error), subject, told, [one.resource for one in healed.asked]))
        if subject in failed and isinstance(error, ChecksFailedError)
        else (subject, error)
        for subject, error in second.errors
    ]
    return second


def _result(name: str, done: Outcome) -> dict[str, Any]:
    return {
        "stage": name,
        "status": status(done.exit_code),
        "exit_code": done.exit_code,
        "run_id": done.run_id,
        "results": list(done.results),
    }
