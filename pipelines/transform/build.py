"""A build: made, checked and committed in one transaction, or not at all."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

import pendulum

from pipelines.failpoints import crash_point
from pipelines.state import builds, check_results
from pipelines.state.builds import BUILT, FAILED, ROLLED_BACK, BuiltModel, ModelRun
from pipelines.state.check_results import CheckResult
from pipelines.state.epoch import migrate
from pipelines.state.inputs import unknown as not_known
from pipelines.warehouse import REFUSED, Warehouse
from sources.clio_http.clock import Clock, SystemClock
from sources.errors import Interrupted

from . import inputs
from .binding import bind
from .decide import FORMAT, BuiltState, Decision, decide, foreign
from .errors import ModelFailedError, NotBuiltError, refuse
from .files import Model, read_project
from .header import APPEND
from .inputs import Tables
from .knowing import Gaps, blinded, doubts, hidden, judge, shown_unknown, told_unknown
from .making import drop, make
from .plan import BuildPlan, make_plan, rendered
from .queries import DAY
from .rules import Check, evaluate, unsaid


@dataclass(frozen=True)
class BuildOptions:
    """What is asked of a build.

    `select` is as on the command line; without `full` only what changed is built. `own_seeds` is
    the firm's folder of CSV files, and `made` are generated files, by path such as
    `staging/x.sql`.
    """

    select: tuple[str, ...] = ()
    full: bool = True
    time_zone: str = "UTC"
    own_seeds: Path | None = None
    made: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Built:
    """How a build ended: what was built, what checks said, and how many models stayed."""

    run_id: str
    models: tuple[ModelRun, ...] = ()
    verdicts: tuple[CheckResult, ...] = ()
    unchanged: int = 0
    dropped: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """Return the checks because of which the build was rolled back."""
        return tuple(one for one in self.verdicts if one.failed)

    @property
    def warnings(self) -> tuple[CheckResult, ...]:
        """Return the checks that found rows, and that let them pass."""
        return tuple(one for one in self.verdicts if one.failures and not one.failed)


@dataclass(frozen=True)
class Build:
    """One build under way."""

    warehouse: Warehouse
    plan: BuildPlan
    found: Tables
    decision: Decision
    wish: BuildOptions
    clock: Clock
    stop: threading.Event
    run_id: str
    columns: Tables
    known: Gaps

    def go_on(self) -> None:
        """Go on, unless the user asked to stop.

        Raises:
            Interrupted: the user did.

        """
        if self.stop.is_set():
            raise Interrupted


class _ChecksFailed(Exception):  # noqa: N818 - ends the transaction, nothing else
    """Nothing of this build may stay."""


def build(  # noqa: PLR0913 - what it works on, what is wanted, and three that tests leave out
    warehouse: Warehouse,
    folders: Sequence[Path],
    wish: BuildOptions | None = None,
    *,
    clock: Clock | None = None,
    stop: threading.Event | None = None,
    run_id: str = "",
) -> Built:
    """Build the models of some folders, check them, and commit both; or leave all as it was.

    Args:
        warehouse: open for writing.
        folders: each like `sql`: a folder for each schema, `checks` and `seeds`.
        wish: what of it, and how; everything by default.
        clock: tells the moment and the business date.
        stop: set when the build shall end before the next model.
        run_id: how the build is named in `meta`; a new name by default.

    Raises:
        ModelsError: files are wrong; nothing was touched.
        SelectionError: there is no such model.
        ModelFailedError: a query stopped; the last good build is there.
        Interrupted: `stop` was set; the last good build is there.

    """
    wish, clock = wish or BuildOptions(), clock or SystemClock()
    migrate(warehouse)
    plan = read_plan(warehouse, folders, wish)
    found, unknown = inputs.stored(warehouse), not_known(warehouse)
    standing = read_standing(warehouse)
    states = read_states(warehouse, plan, found, clock.now(), wish.time_zone)
    states = inputs.marked(states, unknown)
    decision = decide(plan, states, standing, select=wish.select, full=wish.full)
    run_id = run_id or uuid4().hex
    same = len(plan.order) - len(decision.models)
    names = {check.name for check in plan.checks}
    before = {name: one for name, one in standing.verdicts.items() if name in names}
    if decision.nothing:
        with warehouse.transaction():
            check_results.settle_checks(warehouse, names)
            if not wish.select:
                builds.keep_up_to(warehouse, clock.now())
        return Built(run_id, verdicts=tuple(before.values()), unchanged=same)
    columns, problems = bind(plan, found)
    refuse([*problems, *foreign(plan, standing)])
    known = judge(plan, columns, unknown)
    stop = stop or threading.Event()
    job = Build(warehouse, plan, found, decision, wish, clock, stop, run_id, columns, known)
    models, verdicts = _run(job, standing)
    return Built(run_id, models, tuple((before | verdicts).values()), same, decision.dropped)


def read_plan(
    warehouse: Warehouse | None, folders: Sequence[Path], wish: BuildOptions
) -> BuildPlan:
    """Read the files and put them in order.

    Raises:
        ModelsError: files are wrong.

    """
    project, problems = read_project(folders, wish.made, wish.own_seeds)
    parsed = builds.parsed_queries(warehouse) if warehouse is not None else {}
    plan = make_plan(project, parsed, problems)
    refuse(problems)
    return plan


def read_standing(warehouse: Warehouse) -> BuiltState:
    """Read what is built."""
    models, said = builds.built_models(warehouse), check_results.verdicts(warehouse)
    return BuiltState(models, warehouse.relations(), said)


def demand_built(warehouse: Warehouse, names: Iterable[str]) -> None:
    """Make sure that models were built by this release.

    Raises:
        NotBuiltError: some were not.

    """
    if older := builds.built_otherwise(warehouse, FORMAT) & set(names):
        message = f"{len(older)} models were built by a release that took the unknown for a value"
        raise NotBuiltError(message)


def read_states(
    warehouse: Warehouse, plan: BuildPlan, found: Tables, now: pendulum.DateTime, time_zone: str
) -> dict[str, str]:
    """Digest what every query reads that is no model."""
    days = dict.fromkeys((DAY, builds.DAY), f"{now.in_timezone(time_zone).date()} {time_zone}")
    outside = sorted(plan.outside - days.keys())
    return days | {name: inputs.state(warehouse, name, found) for name in outside}


def _run(job: Build, standing: BuiltState) -> tuple[tuple[ModelRun, ...], dict[str, CheckResult]]:
    """Build, check and commit; give what was built and what the checks said."""
    warehouse, runs, verdicts = job.warehouse, list[ModelRun](), dict[str, CheckResult]()
    try:
        with warehouse.transaction():
            _make_all(job, standing, runs)
            crash_point("models-built")
            _check_all(job, verdicts)
            _keep(job, runs, list(verdicts.values()))
            crash_point("models-checked")
    except _ChecksFailed:
        runs = [replace(run, status=ROLLED_BACK) for run in runs]
        with warehouse.transaction():
            builds.keep_runs(warehouse, runs)
            found = [one for one in verdicts.values() if one.failed]
            check_results.keep_failures(warehouse, found, job.run_id, job.clock.now())
    except ModelFailedError:
        ended = [replace(run, status=ROLLED_BACK) if run.status == BUILT else run for run in runs]
        builds.keep_runs(warehouse, ended)
        raise
    else:
        crash_point("models-committed")
    warehouse.checkpoint()
    return tuple(runs), verdicts


def _make_all(job: Build, standing: BuiltState, runs: list[ModelRun]) -> None:
    """Make every chosen model; one that stops is the last of the runs, as failed."""
    warehouse, models = job.warehouse, job.plan.project.models
    today = job.clock.now().in_timezone(job.wish.time_zone).date()
    builds.keep_day(warehouse, today, job.wish.time_zone)
    for relation in job.decision.dropped:
        drop(warehouse, relation, standing.relations)
    stand_ins = missing_tables(job.plan, job.found)
    for relation in job.decision.models:
        job.go_on()
        model, started_at, began = models[relation], job.clock.now(), job.clock.monotonic()
        run = ModelRun(job.run_id, relation, model.kind, None, 0.0, model.hash, FAILED, started_at)
        runs.append(run)
        with told(model.file.name):
            query, note = _query(job, model, stand_ins)
            rows = make(warehouse, model, query, standing.relations, note)
        seconds = round(job.clock.monotonic() - began, 3)
        runs[-1] = replace(run, rows=rows, seconds=seconds, status=BUILT)


def _query(job: Build, model: Model, stand_ins: Mapping[str, str]) -> tuple[str, str]:
    """Return a model's query with null for what is not known, and the words that say so.

    Nothing is appended that is not known: it could never be taken back.
    """
    query, types = rendered(job.plan, model.relation, stand_ins), job.columns[model.relation]
    columns = hidden(model, job.known, types)
    note = told_unknown(job.known, model.relation, columns)
    if columns and model.kind == APPEND:
        return f"select * from (\n{query}\n) known where false", note  # noqa: S608 - the query of a model
    return blinded(query, types, columns), note


def missing_tables(plan: BuildPlan, found: Tables) -> dict[str, str]:
    """Return what stands in for each raw table that is absent or lacks columns."""
    pairs = {name: inputs.stand_in(name, found) for name in sorted(plan.outside)}
    return {name: sql for name, sql in pairs.items() if sql is not None}


@contextmanager
def told(file: str) -> Iterator[None]:
    """Tell that a query stopped, without the rows that DuckDB's own words may quote."""
    try:
        yield
    except REFUSED as error:
        message = f"{file}: its query stopped ({type(error).__name__})"
        raise ModelFailedError(message) from None


def _check_all(job: Build, verdicts: dict[str, CheckResult]) -> None:
    """Run every chosen check.

    Raises:
        _ChecksFailed: rows are wrong that must not be.

    """
    stand_ins = missing_tables(job.plan, job.found)
    for check in job.decision.checks:
        job.go_on()
        with told(check.file):
            query = check_query(job.plan, check, stand_ins)
            mark, why = job.decision.check_signatures[check.name], doubts(check, job.known)
            verdicts[check.name] = (
                unsaid(check, why, mark) if why else evaluate(job.warehouse, check, query, mark)
            )
    if any(one.failed for one in verdicts.values()):
        raise _ChecksFailed


def check_query(plan: BuildPlan, check: Check, stand_ins: Mapping[str, str]) -> str:
    """Return a check's query as it is run."""
    return check.query if check.model else rendered(plan, check.name, stand_ins)


def _keep(job: Build, runs: Sequence[ModelRun], verdicts: Sequence[CheckResult]) -> None:
    """Write into `meta`, in the same transaction, what now stands."""
    warehouse, at = job.warehouse, job.clock.now()
    models = [_built(job, run, at) for run in runs]
    builds.keep_models(warehouse, models, job.decision.dropped)
    builds.keep_runs(warehouse, runs)
    # of models that a selection left out it stands what was known when they were built
    kept, files = job.decision.kept, job.plan.project.models
    told = [files[name] for name in kept if kept[name] or name in job.decision.models]
    shown = shown_unknown(told, job.known, job.columns)
    builds.keep_not_known(warehouse, shown, [name for name in kept if not kept[name]])
    if not job.wish.select:
        builds.keep_up_to(warehouse, at)
    check_results.keep_verdicts(warehouse, verdicts, job.run_id, at)
    check_results.keep_failures(warehouse, verdicts, job.run_id, at)
    check_results.settle_checks(warehouse, [check.name for check in job.plan.checks])
    builds.keep_parsed(warehouse, job.plan.parsed)


def _built(job: Build, run: ModelRun, at: pendulum.DateTime) -> BuiltModel:
    header, mark = job.plan.project.models[run.model].header, job.decision.kept[run.model]
    told = (header.description, header.grain, header.basis, run.rows, run.sql_hash, mark)
    return BuiltModel(run.model, run.kind, *told, job.run_id, at, FORMAT)
