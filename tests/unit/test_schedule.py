"""Files of schedules: each is parsed or run, with paths that need quoting."""

import ast
import datetime as dt
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.config import Settings
from pipelines.errors import FileInTheWayError
from pipelines.operate.schedule import FILES, Installation, run_print
from sources.clio_http.clock import SystemClock

PROGRAM = """#!/bin/sh
printf '%s\\n' "$*" "$PWD" "$CLIO_SYNC__DATA_DIR" > "$0.said"
exit "$(cat "$0.code")"
"""
ODD = 'a b\'s 100% $HOME "q" \\n {{ words }} \u200b<&>'


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """Return an installation whose paths hold what shells, cron, units and templates take apart."""
    folder = tmp_path / ODD
    folder.mkdir()
    program = folder / "clio-sync"
    program.write_text(PROGRAM, "utf-8")
    program.chmod(0o700)
    place = Installation(str(program), str(folder), str(folder / "data"))
    (folder / "data").mkdir()
    answer(place, 0)
    return place


def answer(place: Installation, exit_code: int) -> None:
    """Let the command end so."""
    Path(place.program + ".code").write_text(str(exit_code), "utf-8")


def said(place: Installation) -> list[str]:
    """Return how the command was called: its words, its folder and its data folder."""
    return Path(place.program + ".said").read_text("utf-8").splitlines()


def printed(kind: str, place: Installation, every: int = 15) -> dict[str, str]:
    """Return the files of a kind."""
    outcome = run_print(kind, every, place, SystemClock())
    return {row["file"]: row["text"] for row in outcome.results}


def files(kind: str, place: Installation, words: Sequence[str]) -> dict[str, str]:
    """Return the files of a kind that run these words."""
    outcome = run_print(kind, 15, place, SystemClock(), words=words)
    return {row["file"]: row["text"] for row in outcome.results}


def load(
    kind: str,
    place: Installation,
    monkeypatch: pytest.MonkeyPatch,
    modules: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """Import a file of Python beside stand-ins for the scheduler's modules."""
    ((name, text),) = printed(kind, place).items()
    path = Path(place.folder) / name
    path.write_text(text, "utf-8")
    for module, values in modules.items():
        stand_in = ModuleType(module)
        vars(stand_in).update(values)
        monkeypatch.setitem(sys.modules, module, stand_in)
    return runpy.run_path(str(path))


def test_cron(place: Installation) -> None:
    """Comments and one line of five fields and a command, which the shell runs as it is meant."""
    (text,) = printed("cron", place).values()
    *comments, line = text.splitlines()
    assert all(comment.startswith("#") for comment in comments)
    found = re.fullmatch(r"(\*/15 \* \* \* \*) ((?:[^%\\]|\\.)*)", line)
    assert found is not None
    command = found[2].replace(r"\%", "%")  # as cron does
    subprocess.run(["/bin/sh", "-c", command], check=True, cwd="/")
    assert said(place) == ["sync", place.folder, place.data]
    assert Path(place.data, "sync.log").stat().st_mode & 0o077 == 0
    assert printed("cron", place, 60)["clio-sync.cron"].splitlines()[-1].startswith("0 * * * * ")


def test_systemd(place: Installation, tmp_path: Path) -> None:
    """A service and a timer that `systemd-analyze verify` takes, with a time that it knows."""
    files = printed("systemd", place)
    assert list(files) == ["clio-sync.service", "clio-sync.timer"]
    assert "SuccessExitStatus=4\n" in files["clio-sync.service"]
    assert "Persistent=true\n" in files["clio-sync.timer"]
    assert "loginctl enable-linger" in files["clio-sync.timer"]
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not on this machine")
    # a home with $ in it is one that systemd itself would not take
    plain = Installation("/bin/true", "/tmp/a b 100%", "/tmp/a b 100%/data")  # noqa: S108 - only named
    out = tmp_path / "units"
    run_print("systemd", 15, plain, SystemClock(), out)
    paths = sorted(map(str, out.iterdir()))
    done = subprocess.run(
        [program, "verify", "--user", "--man=no", *paths],
        capture_output=True, text=True, check=False,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )  # fmt: skip
    complaints = [line for line in done.stderr.splitlines() if "clio-sync" in line]
    assert (done.returncode, complaints) == (0, []), done.stderr
    for every, normal in ((15, "*:00/15"), (60, "*-*-* *:00:00")):
        timer = printed("systemd", place, every)["clio-sync.timer"]
        (when,) = re.findall(r"^OnCalendar=(.*)$", timer, re.MULTILINE)
        known = subprocess.run(
            [program, "calendar", when], capture_output=True, text=True, check=True
        )
        assert normal in known.stdout


def test_airflow(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """One DAG whose task runs the command; exit code 4 skips, and runs never overlap."""
    made: list[dict[str, Any]] = []

    class Dag:
        def __init__(self, **given: Any) -> None:
            made.append(given)

        def __enter__(self) -> None: ...

        def __exit__(self, *error: object) -> None: ...

    def operator(**given: Any) -> None:
        made.append(given)

    modules = ("airflow.providers", "airflow.providers.standard", "airflow.operators")
    where = "airflow.providers.standard.operators"
    packages: dict[str, dict[str, Any]] = {name: {"__path__": []} for name in (*modules, where)}
    load("airflow", place, monkeypatch, {
        **packages, "airflow": {"DAG": Dag}, f"{where}.bash": {"BashOperator": operator},
    })  # fmt: skip
    dag, task = made
    assert (dag["schedule"], dag["max_active_runs"]) == ("*/15 * * * *", 1)
    assert dag["start_date"].tzinfo is dt.UTC
    assert (task["skip_on_exit_code"], task["append_env"]) == (4, True)
    env = {**os.environ, **task["env"]}
    subprocess.run(["/bin/bash", "-c", task["bash_command"]], check=True, cwd=task["cwd"], env=env)
    assert said(place) == ["sync --json", place.folder, place.data]


def same(function: Callable[..., object]) -> Callable[..., object]:
    """Decorate with nothing."""
    return function


def test_dagster(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job on a schedule; its op runs the command, takes 0 and 4, and fails with others."""
    values: dict[str, Any] = {"Definitions": SimpleNamespace, "ScheduleDefinition": SimpleNamespace}
    values |= {"Failure": ValueError, "job": same, "op": same}
    module = load("dagster", place, monkeypatch, {"dagster": values})
    (schedule,) = module["defs"].schedules
    assert (schedule.cron_schedule, schedule.job) == ("*/15 * * * *", module["clio_sync_job"])
    context = SimpleNamespace(log=SimpleNamespace(info=lambda _: None))
    for exit_code in (0, 4):
        answer(place, exit_code)
        module["clio_sync"](context)
    assert said(place) == ["sync --json", place.folder, place.data]
    answer(place, 7)
    with pytest.raises(ValueError, match="ended with 7"):
        module["clio_sync"](context)


def test_prefect(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flow that runs the command, takes 0 and 4, and fails with others."""
    values = {"flow": lambda name: same}
    module = load("prefect", place, monkeypatch, {"prefect": values})
    for exit_code in (0, 4):
        answer(place, exit_code)
        assert module["clio_sync"]() == exit_code
    assert said(place) == ["sync --json", place.folder, place.data]
    answer(place, 3)
    with pytest.raises(RuntimeError, match="ended with 3"):
        module["clio_sync"]()
    (text,) = printed("prefect", place).values()
    assert "clio_sync.serve(name=\"clio-sync\", cron='*/15 * * * *')" in text


LIGHT = ("sync", "--reconcile", "light")


@pytest.mark.parametrize("kind", ["cron", "airflow"])
def test_words_in_a_shell(place: Installation, kind: str) -> None:
    """What a shell runs of the printed file are the words that the schedule is for."""
    ((name, text),) = files(kind, place, LIGHT).items()
    if kind == "cron":
        command = text.splitlines()[-1].split(" ", 5)[5].replace(r"\%", "%")
        subprocess.run(["/bin/sh", "-c", command], check=True, cwd="/")
        assert said(place)[0] == "sync --reconcile light"
        return
    (given,) = re.findall(r"^        bash_command=(.*),$", text, re.MULTILINE)
    subprocess.run(["/bin/bash", "-c", ast.literal_eval(given)], check=True)
    assert said(place)[0] == "sync --reconcile light --json", name


def test_words_in_python_and_units(place: Installation) -> None:
    """Files of Python list each word by itself; a service of systemd has them after the program."""
    for kind in ("dagster", "prefect"):
        (text,) = files(kind, place, LIGHT).values()
        (listed,) = re.findall(r"^COMMAND = (.*)$", text, re.MULTILINE)
        assert ast.literal_eval(listed) == [place.program, *LIGHT, "--json"]
    service = files("systemd", place, LIGHT)["clio-sync.service"]
    assert re.search(r'^ExecStart=".*" sync --reconcile light$', service, re.MULTILINE)


def test_option_of_the_command() -> None:
    """`schedule print --reconcile light` runs `sync --reconcile light`; without it, plain sync."""
    for options, words in (([], "sync"), (["--reconcile", "light"], "sync --reconcile light")):
        done = CliRunner().invoke(main, ["schedule", "print", "cron", *options])
        assert (done.exit_code, f"clio-sync {words} >> " in done.stdout) == (0, True), done.output


def test_files_are_written_once(place: Installation, tmp_path: Path) -> None:
    """Into a folder that is made; what is there already stays, and nothing is half written."""
    out = tmp_path / "units"
    out.mkdir()
    (out / "clio-sync.timer").write_text("mine", "utf-8")
    with pytest.raises(FileInTheWayError):
        run_print("systemd", 15, place, SystemClock(), out)
    assert [path.name for path in out.iterdir()] == ["clio-sync.timer"]
    outcome = run_print("cron", 15, place, SystemClock(), tmp_path / "new")
    assert outcome.text == f"{tmp_path / 'new' / 'clio-sync.cron'}\n"
    assert set(FILES) == {"cron", "systemd", "airflow", "dagster", "prefect"}


def test_the_place_is_absolute(tmp_path: Path) -> None:
    """A data folder that is named from the working folder is written in full."""
    place = Installation.here(Settings(Path("data"), "tester"))
    assert place.folder == str(tmp_path)
    assert place.data == str(tmp_path / "data")
    assert Path(place.program).is_absolute()
