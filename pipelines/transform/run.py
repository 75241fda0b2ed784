"""The commands `transform` and `check`."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self, TypeAlias
from uuid import uuid4

from pipelines.context import Context
from pipelines.folder import open_folder
from pipelines.outcome import Outcome, table
from pipelines.sql_folder import sql_folder
from pipelines.state import check_results
from pipelines.state.check_results import CheckResult, told_undone, undone
from pipelines.state.epoch import migrate
from pipelines.state.inputs import unknown
from pipelines.warehouse import Warehouse

from . import inputs
from .build import (
    BuildOptions,
    Built,
    build,
    check_query,
    demand_built,
    missing_tables,
    read_plan,
    read_standing,
    told,
)
from .custom_fields import custom_field_models
from .errors import BuiltChecksFailedError, ChecksFailedError, NotBuiltError
from .knowing import doubts, judge
from .plan import BuildPlan
from .rules import evaluate, unsaid

MEMORY_LIMIT = "2GB"
"""DuckDB's share while models are built; a million activities need about half of it."""
OWN_SEEDS = "seeds"
FAILED, WARNED, PASSED, NOT_BUILT = "failed", "warned", "passed", "not_built"
NOT_KNOWN = "not_known"
MODEL = ("model", "kind", "rows", "seconds", "status")
"""What is told of a model that was built."""

Generator: TypeAlias = Callable[[Warehouse | None], Mapping[str, str]]
"""Makes models of a firm's own definitions: their text by path, such as `staging/x.sql`."""


@dataclass(frozen=True, kw_only=True)
class ModelContext(Context):
    """What a command of the models works with: those that are shipped, unless others are named.

    `generate` gives models that no folder has.
    """

    folders: tuple[Path, ...] = field(default_factory=lambda: (sql_folder(),))
    generate: Generator = custom_field_models

    @classmethod
    def of(cls, context: Context) -> Self:
        """Return a command's context with the models that are shipped."""
        return cls(**vars(context))

    def opened(self, command: str) -> AbstractContextManager[Warehouse]:
        """Open the warehouse for writing, as the only one.

        Raises:
            NoWarehouseError: nothing was loaded yet.
            BusyError: another run is at work.

        """
        return open_folder(self, command, write=True, memory_limit=MEMORY_LIMIT)

    def wish(
        self, warehouse: Warehouse | None, select: Sequence[str] = (), *, full: bool = False
    ) -> BuildOptions:
        """Say what is built: the firm's own seeds and what is generated from its definitions."""
        own = self.settings.data_dir / OWN_SEEDS
        return BuildOptions(
            tuple(select),
            full,
            self.settings.time_zone,
            own if own.is_dir() else None,
            self.generate(warehouse),
        )


def run_transform(
    context: ModelContext, select: Sequence[str] = (), *, full: bool = False
) -> Outcome:
    """Build what changed, or what is selected; raises as `build` does."""
    run_id = uuid4().hex
    outcome = Outcome("transform", context.clock.now(), run_id=run_id)
    with context.opened("transform") as warehouse, context.reporter:
        wish = context.wish(warehouse, select, full=full)
        built = build(
            warehouse, context.folders, wish, clock=context.clock, stop=context.stop, run_id=run_id
        )
    models = [{name: getattr(one, name) for name in MODEL} for one in built.models]
    said = [*_bad(built.verdicts), *_silent(built.verdicts)]
    outcome.results = [*models, *map(_verdict, said)]
    outcome.text = _built_text(built, [list(row.values()) for row in models])
    _tell(outcome, built.failed, ChecksFailedError)
    outcome.finished_at = context.clock.now()
    return outcome


def _verdict(verdict: CheckResult) -> dict[str, Any]:
    return {
        "check": verdict.check,
        "model": verdict.model or None,
        "severity": verdict.severity,
        "failures": verdict.failures,
        "status": _status(verdict),
        **({"not_known": verdict.not_known} if verdict.not_known else {}),
    }


def _status(verdict: CheckResult) -> str:
    if verdict.not_known:
        return NOT_KNOWN
    return FAILED if verdict.failed else WARNED if verdict.failures else PASSED


def _bad(verdicts: Sequence[CheckResult]) -> list[CheckResult]:
    """Return the checks that found rows, those that stop a build first."""
    found = [one for one in verdicts if one.failures]
    return sorted(found, key=lambda one: (not one.failed, one.check))


def _silent(verdicts: Sequence[CheckResult]) -> list[CheckResult]:
    """Return the checks that had nothing to say."""
    return sorted((one for one in verdicts if one.not_known), key=lambda one: one.check)


def _tell(outcome: Outcome, failed: Sequence[CheckResult], error: type[ChecksFailedError]) -> None:
    for one in failed:
        rows = "1 row is" if one.failures == 1 else f"{one.failures:,} rows are"
        outcome.errors.append((one.check, error(f"{rows} wrong")))
    if failed:
        outcome.exit_code = error.exit_code


def _built_text(built: Built, rows: Sequence[Sequence[object]]) -> str:
    parts = [table(MODEL, rows)] if rows else []
    seconds = sum(run.seconds for run in built.models)
    done = "rolled back" if built.failed else "built"
    parts.append(
        f"{len(built.models)} models {done} in {seconds:.1f} s, {built.unchanged} unchanged;"
        f" {_checks_text(built.verdicts)}"
    )
    if built.dropped:
        parts.append(f"Dropped, since the files are gone: {', '.join(built.dropped)}.")
    return "\n".join(parts) + "\n" + _warnings_text(built.warnings)


def _checks_text(verdicts: Sequence[CheckResult]) -> str:
    failed = sum(one.failed for one in verdicts)
    warned = sum(_status(one) == WARNED for one in verdicts)
    silent = _silent(verdicts)
    text = f"{len(verdicts)} checks, {failed} failed, {warned} with warnings."
    if not silent:
        return text
    names = sorted({name for one in silent for name in one.not_known.split(", ")})
    return (
        f"{text}\n{len(silent)} checks say nothing, since these are not known: {', '.join(names)}."
    )


def _warnings_text(warnings: Sequence[CheckResult]) -> str:
    if not warnings:
        return ""
    rows = [(one.check, one.failures) for one in _bad(warnings)]
    return f"\n{table(('warning', 'rows'), rows)}\nclio-sync check show 'NAME' shows the rows.\n"


def run_check(context: ModelContext) -> Outcome:
    """Run every check on what is built.

    Raises:
        NotBuiltError: nothing is.
        ModelsError: files are wrong.
        ModelFailedError: a query stopped.

    """
    outcome = Outcome("check", context.clock.now(), run_id=uuid4().hex)
    with context.opened("check") as warehouse:
        migrate(warehouse)
        plan = read_plan(warehouse, context.folders, context.wish(warehouse))
        verdicts, waiting = _checked(warehouse, plan)
        back = undone(warehouse)
        # what was wrong in a build that was undone stays to be shown
        found = [one for one in verdicts if one.failures or one.check not in back]
        with warehouse.transaction():
            check_results.keep_verdicts(warehouse, verdicts, outcome.run_id, context.clock.now())
            check_results.keep_failures(warehouse, found, outcome.run_id, context.clock.now())
    nothing = {"model": None, "severity": None, "failures": None, "status": NOT_BUILT}
    outcome.results = [*map(_verdict, verdicts), *({"check": one, **nothing} for one in waiting)]
    failed = [one for one in verdicts if one.failed]
    warnings = _warnings_text([one for one in verdicts if _status(one) == WARNED])
    outcome.text = f"{_checks_text(verdicts)}\n{warnings}{told_undone(back)}"
    _tell(outcome, failed, BuiltChecksFailedError)
    if waiting:
        error = NotBuiltError(f"{len(waiting)} checks look at models that are not built")
        outcome.errors.append(("", error))
        outcome.exit_code = outcome.exit_code or error.exit_code
    outcome.finished_at = context.clock.now()
    return outcome


def _checked(warehouse: Warehouse, plan: BuildPlan) -> tuple[list[CheckResult], list[str]]:
    """Run the checks that can be run; give what they said, and the names of the others."""
    standing = read_standing(warehouse)
    there = standing.models.keys() & standing.relations.keys()
    if not there:
        raise NotBuiltError
    demand_built(warehouse, there)
    found = inputs.stored(warehouse)
    stand_ins = missing_tables(plan, found)
    known = judge(plan, inputs.built(warehouse), unknown(warehouse))
    verdicts, waiting = [], []
    for check in plan.checks:
        if any(name in plan.project.models and name not in there for name in check.reads):
            waiting.append(check.name)
            continue
        before = standing.verdicts.get(check.name)
        with told(check.file):
            query, why = check_query(plan, check, stand_ins), doubts(check, known)
            said = unsaid(check, why, "") if why else evaluate(warehouse, check, query, "")
        # what found nothing stays settled for the next build; what did is looked at again
        mark = before.signature if before is not None and not said.failures else ""
        verdicts.append(replace(said, signature=mark))
    return verdicts, waiting
