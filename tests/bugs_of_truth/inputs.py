"""Bugs, as patches, against the rule that unknown is never a value: what inputs are known to be."""

from tests.bugs import Mutant, Patch

STATE = "pipelines/state/inputs.py"
TESTS = "tests/unit/test_inputs.py"
RESTING = "pipelines/edits/resting.py"
ROWS = "tests/system/test_rows_out_of_sight.py"
QUERIES = "tests/system/test_hidden_queries.py"

INPUTS: tuple[Mutant, ...] = (
    Mutant(
        530,
        "a list of which a value is kept out is given up where checks fail",
        (
            Patch(
                STATE,
                "        if facts.frozen or facts.refused\n",
                "        if facts.name\n",
            ),
        ),
        (f"{TESTS}::test_only_what_was_refused_may_be_given_up",),
    ),
    Mutant(
        531,
        "a list stays behind while a value of it is kept out",
        (
            Patch(
                STATE,
                "        if state == INCOMPLETE and before == BEHIND and facts.cannot_be_read:\n",
                "        if state == INCOMPLETE and before == BEHIND:\n",
            ),
        ),
        (f"{TESTS}::test_behind_ends_whatever_is_kept_out",),
    ),
    Mutant(
        532,
        "a daily copy of a list that Clio works out may not be short",
        (
            Patch(
                "pipelines/load/proof.py",
                '        if plan.mode == "daily" and not worked_out:\n',
                '        if plan.mode == "daily":\n',
            ),
        ),
        (f"{ROWS}::test_a_list_that_clio_works_out_and_its_daily_copy",),
    ),
    Mutant(
        533,
        "a query of proposals may read a model that rests on what is not known",
        (
            Patch(
                RESTING,
                "        _demand_built(visibility.warehouse, relation, read)\n",
                "",
            ),
        ),
        (f"{QUERIES}::test_a_model_that_rests_on_what_is_not_known",),
    ),
    Mutant(
        534,
        "a query of proposals may read a list that is behind",
        (
            Patch(
                RESTING,
                "    if rows is not None and rows.state in ROWS_UNKNOWN:\n",
                "    if rows is not None and rows.state in ROWS_UNKNOWN - {BEHIND}:\n",
            ),
        ),
        (f"{QUERIES}::test_a_collection_that_is_refused_and_contradicts_the_rest",),
    ),
    Mutant(
        535,
        "a query of proposals may read a column that is withheld of some records",
        (
            Patch(
                RESTING,
                "    mine = {one.field: one for one in found if one.relation == relation}\n",
                "    mine = {\n        one.field: one\n        for one in found\n"
                '        if one.relation == relation and "every record" in one.reason\n    }\n',
            ),
        ),
        (f"{QUERIES}::test_a_column_of_one_record",),
    ),
    Mutant(
        536,
        "a run that was stopped makes a list complete that was refused",
        (
            Patch(
                STATE,
                "status = 'failed' as lost, status = 'ok' as whole,",
                "status = 'failed' as lost, status <> 'failed' as whole,",
            ),
        ),
        (f"{TESTS}::test_a_run_that_was_stopped_makes_nothing_complete",),
    ),
    Mutant(
        537,
        "a child list is complete once the list of one parent was read",
        (
            Patch(
                STATE,
                '    return f"{count:,} lists were never read" if count else ""\n',
                '    return ""\n',
            ),
        ),
        (f"{TESTS}::test_a_list_of_which_not_all_parents_were_read",),
    ),
    Mutant(
        538,
        "new parents that wait for the next load make a child list unknown",
        (
            Patch(
                STATE,
                "        if waiting and before not in READ_ONCE:\n",
                "        if waiting:\n",
            ),
        ),
        (f"{TESTS}::test_a_list_of_which_not_all_parents_were_read",),
    ),
    Mutant(
        539,
        "complete up to passes a row that is kept out",
        (
            Patch(
                STATE,
                "            return None if self.rows_kept_out else reached\n"
                "        return min(before, reached, self.kept_out_since or before)\n",
                "            return reached\n        return reached\n",
            ),
        ),
        (f"{TESTS}::test_complete_up_to_does_not_pass_a_row_that_is_kept_out",),
    ),
    Mutant(
        540,
        "a mark of a refused field never leaves where it is empty everywhere",
        (
            Patch(
                "pipelines/load/runner.py",
                "            self.withheld.shown(task, full=self.choice.full)\n",
                "",
            ),
        ),
        ("tests/system/test_drift.py::test_field_that_came_back_and_is_empty_everywhere",),
    ),
)
