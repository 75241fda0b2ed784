"""The bugs that loaders of this kind have had, as patches; the numbers are those of that list."""

from dataclasses import dataclass

MACHINE = "tests/system/test_extraction_machine.py"


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
RUNNER = "pipelines/load/runner.py"
STANDING = "pipelines/load/proof.py"
MARK = "    reached = watermark_after(plan, before.watermark)\n"

LOADS = (
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
                STANDING,
                MARK,
                "    reached = __import__('pendulum').instance(task.top)"
                " if 'top' in vars(task) else before.watermark or plan.started_at\n",
            ),
        ),
        ("tests/system/test_incremental.py::test_change_behind_the_cursor", MACHINE),
    ),
    Mutant(
        2,
        "the watermark is counted from the end of the run",
        (
            Patch(
                STANDING,
                MARK,
                "    reached = task.walk.clock.now().subtract(minutes=15)\n",
            ),
        ),
        (MACHINE,),
    ),
    Mutant(
        3,
        "the watermark is counted from this machine's clock, which is fast",
        (
            Patch(
                "pipelines/state/server.py",
                "    return judged.time, notes\n",
                "    return clock.now(), notes\n",
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
                RUNNER,
                "            self._ensure_versions(waiting)"
                "  # a run that died may have left a table without\n",
                "            package.store = lambda: self._store(waiting)\n",
            ),
        ),
        ("tests/system/test_crashes.py::test_killed_in_a_later_load",),
    ),
    Mutant(
        5,
        "the watermark itself is asked from, and updated_since means after it",
        (
            Patch(
                "pipelines/load/planning.py",
                'return "incremental", since - STEP_BACK',
                'return "incremental", since',
            ),
        ),
        ("tests/system/test_incremental.py", MACHINE),
    ),
    Mutant(
        6,
        "a walk gone on with counts from the time at which it was resumed",
        (
            Patch(
                "pipelines/load/planning.py",
                "_resumable(collection, progress, choice, now):\n"
                "        started_at = progress.walk_started_at\n",
                "_resumable(collection, progress, choice, now):\n        started_at = now\n",
            ),
        ),
        ("tests/system/test_packages.py", MACHINE),
    ),
    Mutant(
        7,
        "pages are asked for without order=id(asc)",
        (
            Patch(
                "sources/clio_http/plan.py",
                '        chosen.append(("order", collection.order))\n',
                "        pass\n",
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
                "username is not None or not _same_clio(found[1], base):\n",
                "username is not None:\n",
            ),
        ),
        ("tests/system/test_faults_network.py",),
    ),
    Mutant(
        18,
        "a refreshed pair of tokens is used before it is saved",
        (
            Patch(
                "pipelines/access/refresh.py",
                "        self.store.write(newer.text())\n",
                "        import threading\n"
                "        threading.Timer(5.0, self.store.write, [newer.text()]).start()\n",
            ),
        ),
        ("tests/unit/test_refresh.py", "tests/system/test_refresh.py"),
    ),
    Mutant(
        19,
        "redaction minds the case of header names",
        (
            Patch(
                "sources/clio_http/secret.py",
                '    re.compile(f"(?P<kept>{before}){value}", re.IGNORECASE)\n',
                '    re.compile(f"(?P<kept>{before}){value}")\n',
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
        ("tests/system/test_faults_local.py::test_two_runs_at_once",),
    ),
    Mutant(
        23,
        "the same id twice in one package goes on to the merge",
        (
            Patch(
                "pipelines/load/package.py",
                "                once=task.walk.keys_rise and len(task.walk.plan.lists) == 1,\n",
                "                once=True,\n",
            ),
        ),
        ("tests/system/test_incremental.py", "tests/system/test_packages.py"),
    ),
    Mutant(
        24,
        "a refused field blanks what is stored",
        (
            Patch(
                "pipelines/load/classify.py",
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
                "sources/resource.py",
                'write_disposition={"disposition": "merge", "strategy": "upsert"}',
                'write_disposition="replace"',
            ),
        ),
        ("tests/system/test_incremental.py",),
    ),
)
