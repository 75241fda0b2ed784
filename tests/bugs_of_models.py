"""Bugs in the models and in what is published, as patches: numbers from 300 on."""

from tests.bugs import Mutant, Patch

FIRM = "tests/unit/test_models_mini_firm.py"
BUILDS = "tests/unit/test_model_builds.py"
PUBLISH = "tests/unit/test_publish.py"

MODELS = (
    Mutant(
        300,
        "hours that nobody may bill count as billable",
        (
            Patch(
                "sql/finance/agg_timekeeper_month.sql",
                "        sum(case when is_non_billable then 0 else hours end) as billable_hours,\n",
                "        sum(hours) as billable_hours,\n",
            ),
        ),
        (f"{FIRM}::test_metric",),
    ),
    Mutant(
        301,
        "each payment of a line is rounded by itself",
        (
            Patch(
                "sql/core/fct_collection_line.sql",
                "                cast(running.paid as double) * cast(lines.net_amount as double)\n",
                "                cast(running.amount as double)"
                " * cast(lines.net_amount as double)\n",
            ),
            Patch(
                "sql/core/fct_collection_line.sql",
                "                cast(running.paid - running.amount as double)"
                " * cast(lines.net_amount as double)\n",
                "                cast(0 as double) * cast(lines.net_amount as double)\n",
            ),
        ),
        (
            "tests/unit/test_models_allocation.py::test_a_line_that_is_paid_has_earned_its_net_amount",
        ),
    ),
    Mutant(
        302,
        "a build is committed though a check failed",
        (
            Patch(
                "pipelines/transform/build.py",
                "    if any(one.failed for one in verdicts.values()):\n",
                "    if all(one.failed for one in verdicts.values()):\n",
            ),
        ),
        (f"{BUILDS}::test_a_failing_check_leaves_the_last_good_build",),
    ),
    Mutant(
        303,
        "what a check refuses is published",
        (
            Patch(
                "pipelines/publish/snapshot.py",
                "    if failed:\n",
                "    if len(failed) > 1:\n",
            ),
        ),
        (f"{PUBLISH}::test_nothing_is_published_that_a_check_refuses",),
    ),
    Mutant(
        304,
        "a custom field is published that nobody listed",
        (
            Patch(
                "pipelines/transform/custom_fields.py",
                "    if relation not in WIDE or EVERY in listed:\n",
                "    if relation not in WIDE or EVERY in listed or listed:\n",
            ),
        ),
        (f"{PUBLISH}::test_custom_fields_are_published_where_they_are_listed",),
    ),
    Mutant(
        305,
        "a query of a reader may open other files",
        (
            Patch(
                "pipelines/warehouse.py",
                '    "set enable_external_access = false",\n',
                "",
            ),
        ),
        (f"{PUBLISH}::test_sql_reaches_nothing_else",),
    ),
)
