"""Plant known bugs one at a time; each must turn a test red: `python -m tests.mutants [NUMBER…]`.

The numbers are those of the list of bugs that loaders of this kind have had. Each mutant is a
textual patch on a copy of the repository; a patch that no longer fits is an error of its own.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns(
    ".git",
    ".venv",
    "data",
    "__pycache__",
    ".hypothesis",
    ".*_cache",
    "dist",
    "build",
)
MACHINE = "tests/system/test_extraction_machine.py"
SECONDS = 900


@dataclass(frozen=True)
class Patch:
    """One replacement in one file; the old text must be there exactly once."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """A bug, and the tests that must find it."""

    number: int
    bug: str
    patches: tuple[Patch, ...]
    tests: tuple[str, ...]


TASK = "pipelines/load/task.py"
LOAD = "pipelines/load/__init__.py"
MARK = "                watermark=watermark_after(plan, self.progress.watermark),\n"

MUTANTS = (
    Mutant(
        1,
        "the watermark is the greatest updated_at seen",
        (
            Patch(
                TASK,
                '        crash_point("page-read")\n',
                "        if reading.table.num_rows:\n"
                "            seen = reading.table.column('updated_at').to_pylist()\n"
                "            self.top = max([*seen, vars(self).get('top', seen[0])])\n",
            ),
            Patch(
                TASK,
                MARK,
                "                watermark=pendulum.instance(self.top) if 'top' in vars(self)"
                " else self.progress.watermark or plan.started_at,\n",
            ),
        ),
        (MACHINE,),
    ),
    Mutant(
        2,
        "the watermark is counted from the end of the run",
        (
            Patch(
                TASK,
                MARK,
                "                watermark=self.walk.clock.now().subtract(minutes=15),\n",
            ),
        ),
        (MACHINE,),
    ),
    Mutant(
        3,
        "the watermark is counted from this machine's clock, which is fast",
        (
            Patch(
                LOAD,
                "        self.result.server_time = now\n        return now\n",
                "        self.result.server_time = now\n        return self.clock.now()\n",
            ),
        ),
        (MACHINE,),
    ),
    Mutant(
        4,
        "the watermark is saved before the package is committed",
        (
            Patch(
                "pipelines/load/package.py",
                '            crash_point("package-extracted")\n',
                '            package.store()\n            crash_point("package-extracted")\n',
            ),
            Patch(
                LOAD,
                "            self._ensure_versions(waiting)"
                "  # a run that died may have left a table without\n",
                "            package.store = lambda: self._store(waiting)\n",
            ),
        ),
        ("tests/system/test_crashes.py",),
    ),
    Mutant(
        5,
        "the watermark itself is asked from, and updated_since means after it",
        (
            Patch(
                "pipelines/plans.py",
                'return "incremental", progress.watermark - STEP_BACK',
                'return "incremental", progress.watermark',
            ),
        ),
        ("tests/system/test_incremental.py", MACHINE),
    ),
    Mutant(
        6,
        "a walk gone on with counts from the time at which it was resumed",
        (
            Patch(
                "pipelines/plans.py",
                "        started_at = progress.walk_started_at\n        start = Point",
                "        started_at = now\n        start = Point",
            ),
        ),
        (MACHINE,),
    ),
    Mutant(
        7,
        "pages are asked for without order=id(asc)",
        (
            Patch(
                "sources/clio_http/plan.py",
                ', ("order", "id(asc)")]',
                "]",
            ),
        ),
        ("tests/system/test_faults_api.py", "tests/system/test_incremental.py"),
    ),
    Mutant(
        8,
        "a page without meta is taken for the last one",
        (
            Patch(
                "sources/clio_http/paging.py",
                "    if not isinstance(paging, dict):\n",
                '    if meta is None:\n        return ""\n    if not isinstance(paging, dict):\n',
            ),
        ),
        ("tests/system/test_faults_api.py", MACHINE),
    ),
    Mutant(
        17,
        "the link to the next page is followed to another host",
        (
            Patch(
                "sources/clio_http/hosts.py",
                "        or not _same_clio(origin, base)\n",
                "",
            ),
        ),
        ("tests/system/test_faults_network.py",),
    ),
    Mutant(
        19,
        "redaction minds the case of header names",
        (
            Patch(
                "sources/clio_http/redaction.py",
                '        r"""[^\\s"\',;&)}\\]]+""",\n        re.IGNORECASE,\n    ),\n'
                '    re.compile(r"(?P<kept>\\bbearer\\s+)[\\w.~+/=-]+", re.IGNORECASE),\n',
                '        r"""[^\\s"\',;&)}\\]]+""",\n    ),\n'
                '    re.compile(r"(?P<kept>\\bbearer\\s+)[\\w.~+/=-]+"),\n',
            ),
        ),
        ("tests/unit/test_http_redaction.py",),
    ),
    Mutant(
        22,
        "two runs at once",
        (
            Patch(
                "pipelines/warehouse.py",
                "        lock.acquire(timeout=0)\n",
                "        pass\n",
            ),
        ),
        ("tests/system/test_faults_local.py",),
    ),
    Mutant(
        23,
        "the same id twice in one package goes on to the merge",
        (
            Patch(
                "pipelines/load/package.py",
                "            once=task.walk.keys_rise and len(plan.lists) == 1,\n",
                "            once=True,\n",
            ),
        ),
        ("tests/system/test_incremental.py", "tests/system/test_packages.py"),
    ),
    Mutant(
        24,
        "a refused field blanks what is stored",
        (
            Patch(
                "pipelines/classification.py",
                "        if self.filled and name in self.stored:\n"
                '            return f"r.{column}"\n',
                "",
            ),
        ),
        ("tests/system/test_drift.py",),
    ),
    Mutant(
        25,
        "a collection that yields nothing is emptied",
        (
            Patch(
                "sources/clio_manage/__init__.py",
                'write_disposition={"disposition": "merge", "strategy": "upsert"}',
                'write_disposition="replace"',
            ),
        ),
        ("tests/system/test_incremental.py",),
    ),
)


def planted(mutant: Mutant, folder: Path) -> None:
    """Apply the patches of a mutant."""
    for patch in mutant.patches:
        path = folder / patch.file
        text = path.read_text("utf-8")
        if text.count(patch.old) != 1:
            message = f"mutant {mutant.number}: its old text is not once in {patch.file}"
            raise SystemExit(message)
        path.write_text(text.replace(patch.old, patch.new), "utf-8")


def is_found(mutant: Mutant) -> bool:
    """Tell whether the tests notice the bug."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = Path(name) / "main"
        shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
        planted(mutant, folder)
        words = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            *mutant.tests,
        ]
        try:
            done = subprocess.run(
                [*words, "-m", "not long"],
                cwd=folder,
                env={**os.environ, "HYPOTHESIS_PROFILE": "unshrunk"},
                timeout=SECONDS,
                capture_output=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return True
        if done.returncode not in {0, 1}:
            sys.stderr.write(done.stdout.decode() + done.stderr.decode())
            message = f"mutant {mutant.number}: the tests could not be run"
            raise SystemExit(message)
        return done.returncode == 1


def main(numbers: list[int]) -> int:
    """Plant the named bugs, or all, and say which were found."""
    missed = 0
    chosen = [mutant for mutant in MUTANTS if not numbers or mutant.number in numbers]
    tests = dict.fromkeys(name for mutant in chosen for name in mutant.tests)
    if is_found(Mutant(0, "none", (), tuple(tests))):
        sys.stdout.write("The tests fail without any bug planted; nothing can be said.\n")
        return 1
    for mutant in chosen:
        found = is_found(mutant)
        missed += not found
        sys.stdout.write(f"{mutant.number:>3}  {'red' if found else 'GREEN'}  {mutant.bug}\n")
        sys.stdout.flush()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main([int(word) for word in sys.argv[1:]]))
