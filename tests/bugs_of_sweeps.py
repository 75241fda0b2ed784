"""Bugs in the proof of deletions, as patches: number 9 of the list, and from 90 on its kin."""

from tests.bugs import RUNNER, Mutant, Patch

SWEEP = "pipelines/sweep/sweep.py"
DAYS = "tests/system/test_sweep_machine.py::test_tables_equal_the_server"
KILLED = "tests/system/test_crashes.py::test_sweep_killed_again_and_again"
GUARDS = "tests/system/test_sweep_guards.py"
PLANTED = "tests/system/test_sweep.py::test_five_planted_differences_are_healed[1,000]"
UNASKED = Patch(
    "sources/clio_http/confirm.py",
    "    if not keys:\n        return Confirmation()\n",
    '    return Confirmation(gone=dict.fromkeys(keys, "absent"))\n',
)

SWEEPS = (
    Mutant(
        9,
        "deletions are computed from a walk that broke off, and not asked about",
        (
            Patch(
                RUNNER,
                '            ended = task.complete or task.walk.plan.mode == "child"\n',
                "            ended = True\n",
            ),
            UNASKED,
        ),
        (DAYS,),
    ),
    Mutant(
        90,
        "deletions are computed from a walk that broke off",
        (
            Patch(
                RUNNER,
                '            ended = task.complete or task.walk.plan.mode == "child"\n',
                "            ended = True\n",
            ),
        ),
        (f"{GUARDS}::test_list_that_breaks_off",),
    ),
    Mutant(
        91,
        "a certificate is drawn up of a walk that broke off",
        (
            Patch(
                SWEEP,
                "                if task.complete and task.name in self.result.absences"
                " and self._whole(task):\n",
                "                if task.name:\n",
            ),
        ),
        (DAYS,),
    ),
    Mutant(
        92,
        "what was known is noted after the walk",
        (
            Patch(
                SWEEP,
                "            self._packages(tasks)\n",
                "            self._packages(tasks)\n"
                '            self.warehouse.rows("delete from meta.census_known")\n'
                "            for task in tasks:\n"
                "                self._census(task).begin()\n",
            ),
        ),
        (PLANTED,),
    ),
    Mutant(
        93,
        "absent rows are marked as deleted without asking for them once more",
        (UNASKED,),
        (DAYS,),
    ),
    Mutant(
        94,
        "nothing stops a mass deletion",
        (
            Patch(
                "pipelines/load/proof.py",
                "too_many_absent(known, seen, len(absent), self.run.choice.allow_absent):\n",
                "too_many_absent(known, seen, 0):\n",
            ),
        ),
        (f"{GUARDS}::test_permission_that_was_lost",),
    ),
    Mutant(
        95,
        "a row that comes back stays marked as deleted",
        (
            Patch(
                "pipelines/state/row_history.py",
                "record_id in (select key from pairs) returning record_id",
                "record_id not in (select record_id from meta.tombstones) returning record_id",
            ),
        ),
        (DAYS,),
    ),
    Mutant(
        96,
        "the digests are of keys alone",
        (
            Patch(
                "pipelines/state/snapshots.py",
                "key || ':' || coalesce(row_hash, '-')",
                "key",
            ),
        ),
        ("tests/unit/test_certificates.py",),
    ),
    Mutant(
        97,
        "what loads bring while a sweep is put down does not count for it",
        (
            Patch(
                "pipelines/load/load.py",
                "            proving=collection.name in self.proving,\n",
                "",
            ),
        ),
        (DAYS,),
    ),
    Mutant(
        98,
        "a certificate is written before its walk counts as over",
        (
            Patch(
                "pipelines/state/certificates.py",
                '            "delete from meta.sweeps where source = $1 and resource = $2",\n',
                '            "select $1, $2",\n',
            ),
            Patch(
                SWEEP,
                '        crash_point("certificate-saved")\n',
                '        crash_point("certificate-saved")\n'
                '        self.warehouse.rows("delete from meta.sweeps")\n',
            ),
        ),
        (KILLED,),
    ),
    Mutant(
        99,
        "what was known is not kept with the walk that begins",
        (
            Patch(
                SWEEP,
                "            self.meta.begin_sweep(\n",
                "            str(\n",
            ),
        ),
        (KILLED,),
    ),
)
