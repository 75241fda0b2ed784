"""Bugs in reports, as patches: number 20 of the list, and from 200 on its kin."""

from tests.bugs import Mutant, Patch

PAGE = "pipelines/reconcile/page.py"
FILES = "tests/unit/test_reconcile_package.py"
EDGE = "tests/unit/test_reports_edge.py"
VERDICTS = "tests/unit/test_reconcile_verdicts.py"

REPORTS = (
    Mutant(
        20,
        "the label of a record is not escaped in the page",
        (
            Patch(
                PAGE,
                'tag("a", one.line.label, href=one.link) if one.link',
                'tag("a", Markup(one.line.label), href=one.link) if one.link',
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
)
