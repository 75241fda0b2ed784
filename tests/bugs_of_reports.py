"""Bugs in reports, as patches: number 20 of the list, and from 200 on its kin."""

from tests.bugs import Mutant, Patch

PAGE = "pipelines/reconcile/page.html"
FILES = "tests/unit/test_reconcile_package.py"
EDGE = "tests/unit/test_reports_edge.py"
VERDICTS = "tests/unit/test_reconcile_verdicts.py"

PLANTS = "tests/system/test_reconcile_plants.py"

REPORTS = (
    Mutant(
        20,
        "the label of a record is not escaped in the page",
        (
            Patch(
                PAGE,
                '<a href="{{ one.link }}">{{ one.line.label }}</a>',
                '<a href="{{ one.link }}">{{ one.line.label|safe }}</a>',
            ),
        ),
        (f"{FILES}::test_no_text_becomes_markup",),
    ),
    Mutant(
        200,
        "a CSV file holds formulas",
        (
            Patch(
                "pipelines/reconcile/files.py",
                'return escaped(cell) if isinstance(cell, str) else ""',
                'return cell if isinstance(cell, str) else ""',
            ),
        ),
        (f"{FILES}::test_csv_holds_no_formula",),
    ),
    Mutant(
        201,
        "a report of any kind is asked for",
        (
            Patch(
                "sources/clio_http/reports.py",
                "    elif wanted.kind not in KINDS:\n",
                "    elif not wanted.kind:\n",
            ),
        ),
        (f"{EDGE}::test_what_is_never_posted",),
    ),
    Mutant(
        202,
        "nothing on one side counts as nothing owed",
        (
            Patch(
                "pipelines/reconcile/verdicts.py",
                "    if line.left == line.right:\n",
                "    if (line.left or 0) == (line.right or 0):\n",
            ),
        ),
        (f"{VERDICTS}::test_ends",),
    ),
    Mutant(
        203,
        "a difference below a dollar is within tolerance",
        (
            Patch(
                "pipelines/reconcile/verdicts.py",
                "        and abs(line.left - line.right) <= definition.tolerance\n",
                "        and int(abs(line.left - line.right)) <= definition.tolerance\n",
            ),
        ),
        (f"{PLANTS}::test_each_kind",),
    ),
    Mutant(
        204,
        "a record that is gone in Clio counts as one that moved",
        (
            Patch(
                "pipelines/reconcile/explain.py",
                "                causes[resource, key] = DELETED\n",
                "                causes[resource, key] = TIMING\n",
            ),
        ),
        (f"{PLANTS}::test_each_kind",),
    ),
    Mutant(
        205,
        "a void bill of the warehouse still counts as owed",
        (
            Patch(
                "sql/reconciliation/outstanding_client_balances.sql",
                "    where is_approved and not is_deleted\n",
                "    where (is_approved or state = 'void') and not is_deleted\n",
            ),
        ),
        (f"{PLANTS}::test_each_kind",),
    ),
)
