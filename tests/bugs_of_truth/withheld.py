"""Bugs, as patches, against the rule that unknown is never a value: columns and rows withheld."""

from tests.bugs import Mutant, Patch

UNKNOWN = "pipelines/load/unknown.py"
COLLAPSE = "pipelines/load/emptied.py"
STANDING = "pipelines/load/proof.py"
COLUMNS = "tests/system/test_withheld.py"
ROWS = "tests/system/test_rows_out_of_sight.py"

WITHHELD = (
    Mutant(
        500,
        "what a withheld column lost is stored",
        (
            Patch(
                UNKNOWN, 'then {column} else {_was(name)} end"', 'then {column} else {column} end"'
            ),
        ),
        (f"{COLUMNS}::test_a_plain_column_that_comes_back_empty",),
    ),
    Mutant(
        501,
        "a stripped entry replaces the stored one",
        (Patch(UNKNOWN, "coalesce({same}, e)", "coalesce(e, {same})"),),
        (f"{COLUMNS}::test_custom_fields_that_are_out_of_sight_stay",),
    ),
    Mutant(
        502,
        "values that are kept back are no alarm",
        (
            Patch(
                "pipelines/load/result.py",
                "            if one.is_alarm:",
                "            if False:",
            ),
        ),
        (f"{COLUMNS}::test_a_plain_column_that_comes_back_empty[three rows]",),
    ),
    Mutant(
        503,
        "a certificate says ok of what is not seen",
        (Patch("pipelines/state/certificates.py", "    if unknown:\n", "    if False:\n"),),
        (f"{COLUMNS}::test_what_was_never_seen_is_no_alarm",),
    ),
    Mutant(
        504,
        "what the firm itself emptied counts as withheld",
        (
            Patch(
                COLLAPSE,
                "        return second.empty > second.filled\n",
                "        return True\n",
            ),
        ),
        (f"{COLUMNS}::test_what_the_firm_itself_emptied_is_stored",),
    ),
    Mutant(
        505,
        "a column of which few rows were read is not looked into",
        (
            Patch(
                COLLAPSE,
                "much = self.emptied > 0 and",
                "much = self.emptied >= FEW and",
            ),
        ),
        (f"{COLUMNS}::test_a_plain_column_that_comes_back_empty[three rows]",),
    ),
    Mutant(
        506,
        "a column that is seen again stays marked",
        (Patch(UNKNOWN, "return known > 0 and not marked", "return known < 0 and not marked"),),
        (f"{COLUMNS}::test_a_plain_column_that_comes_back_empty[three rows]",),
    ),
    Mutant(
        507,
        "accepted empties are not stored",
        (
            Patch(
                UNKNOWN,
                "        if mark is not None and mark.accepted:\n            return column\n",
                "        if mark is not None and False:\n            return column\n",
            ),
        ),
        (f"{COLUMNS}::test_empties_that_a_person_accepts",),
    ),
    Mutant(
        508,
        "an empty answer moves the mark from which changes are asked for",
        (
            Patch(
                STANDING,
                "        seen=reached if saw else before.seen or before.watermark,\n",
                "        seen=reached,\n",
            ),
        ),
        (f"{ROWS}::test_a_permission_that_was_lost_for_a_week",),
    ),
    Mutant(
        509,
        "a sweep that the guard stopped lets the watermark move",
        (
            Patch(
                "pipelines/load/proof.py",
                "            self.run.meta.freeze(self.run.source, task.name, message, seen)\n",
                "",
            ),
        ),
        (f"{ROWS}::test_a_sweep_that_the_guard_stopped",),
    ),
    Mutant(
        510,
        "a list of which a part is shown again counts as proved",
        (
            Patch(
                STANDING,
                "        if task.progress.frozen_rows:\n            return False\n",
                "",
            ),
        ),
        (f"{ROWS}::test_a_sweep_that_saw_a_part",),
    ),
    Mutant(
        511,
        "a whole load that shows nothing moves the watermark",
        (
            Patch(
                STANDING,
                "        if too_many_absent(self.known, shown, absent, self.allowed):\n",
                "        if False:\n",
            ),
        ),
        (f"{ROWS}::test_a_whole_load_that_shows_nothing",),
    ),
    Mutant(
        512,
        "another role moves the watermark",
        (
            Patch(
                STANDING,
                "        if self.other_eyes is not None:\n",
                "        if False:\n",
            ),
        ),
        (f"{ROWS}::test_another_role",),
    ),
    Mutant(
        515,
        "a load does not ask whether a value that is kept back is shown again",
        (
            Patch(
                "pipelines/load/load.py",
                "if plan.collection.name not in self.withheld.kept_back:",
                "if plan.collection.name not in frozenset[str]():",
            ),
        ),
        (f"{COLUMNS}::test_a_permission_that_is_given_back_is_found_by_a_load",),
    ),
    Mutant(
        516,
        "a stripped value counts as shown again",
        (
            Patch(
                "pipelines/load/emptied.py",
                "        if UNKNOWN in columns:\n            marks",
                "        if UNKNOWN in ():\n            marks",
            ),
        ),
        (f"{COLUMNS}::test_a_permission_that_is_given_back_is_found_by_a_load",),
    ),
    Mutant(
        517,
        "a list that is shown again stays frozen until something in it changes",
        (
            Patch(
                STANDING,
                "task.counts.rows_read > 0 or (self.confirms is not None and self.confirms())",
                "task.counts.rows_read > 0",
            ),
        ),
        (f"{ROWS}::test_a_list_that_is_shown_again_and_in_which_nothing_changed",),
    ),
    Mutant(
        518,
        "what is published names a load that is not built",
        (
            Patch(
                "pipelines/state/builds.py",
                "    and finished_at <= coalesce((select max(as_of) from meta.built_up_to),"
                " finished_at)\n",
                "",
            ),
        ),
        ("tests/unit/test_publish.py::test_a_load_that_is_not_built_is_not_told",),
    ),
    Mutant(
        519,
        "an older build is published after one that was undone",
        (
            Patch(
                "pipelines/publish/snapshot.py",
                "    if back := undone(warehouse):\n        raise UndoneBuildError(back)\n",
                "",
            ),
        ),
        ("tests/unit/test_publish.py::test_a_build_that_was_undone_is_told_until_one_stands",),
    ),
    Mutant(
        520,
        "a run that cannot begin marks what was not due",
        (
            Patch(
                "pipelines/load/load.py",
                "        now = self.clock.now()\n        return due",
                "        now = self.clock.now()\n        progress = {}\n        return due",
            ),
        ),
        ("tests/system/test_cadence.py::test_a_run_that_cannot_begin_has_missed_what_was_due",),
    ),
    Mutant(
        546,
        "one record that is still shown decides for the firm",
        (
            Patch(
                COLLAPSE,
                "        return second.empty > second.filled\n",
                "        return not second.filled\n",
            ),
        ),
        (f"{COLUMNS}::test_a_few_that_are_still_shown_decide_nothing",),
    ),
    Mutant(
        541,
        "many unchanged records that come back empty raise no question",
        (
            Patch(
                COLLAPSE,
                "        return much or self.is_contrary\n",
                "        return much\n",
            ),
        ),
        (f"{COLUMNS}::test_sight_that_is_lost_or_given_back_within_a_walk",),
    ),
    Mutant(
        543,
        "the second half of a walk lifts a column",
        (
            Patch(
                "pipelines/load/task.py",
                "(plan.since is None and plan.start == Point())",
                "plan.since is None",
            ),
        ),
        (f"{COLUMNS}::test_parts_of_a_walk_that_were_read_blind",),
    ),
    Mutant(
        544,
        "one changed record that is shown lifts a column",
        (
            Patch(
                "pipelines/load/task.py",
                "(plan.since is None and plan.start == Point())",
                "plan.start == Point()",
            ),
        ),
        (f"{COLUMNS}::test_one_record_that_is_shown_lifts_no_column",),
    ),
    Mutant(
        545,
        "a few records that are shown again make each load a whole one",
        (
            Patch(
                "pipelines/load/emptied.py",
                "return bool(shown and shown >= SHARE * asked)",
                "return bool(shown)",
            ),
        ),
        (f"{COLUMNS}::test_a_few_that_are_still_shown_decide_nothing",),
    ),
)
