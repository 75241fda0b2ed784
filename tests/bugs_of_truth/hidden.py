"""Bugs, as patches, against the rule that unknown is never a value: what is hidden or withheld."""

from tests.bugs import Mutant, Patch

COLUMNS = "tests/system/test_hidden_columns.py"
EDITS = "tests/system/test_withheld_edits.py"
QUERIES = "tests/system/test_hidden_queries.py"
ANSWERS = "tests/unit/test_hidden_answers.py"

HIDDEN: tuple[Mutant, ...] = (
    Mutant(
        490,
        "what is read on the way back is compared and frozen as Clio shows it, hidden or not",
        (
            Patch(
                "pipelines/edits/allowed.py",
                "            key: _known(_without(record, self.hidden(resource)), marks.of(key),"
                " redaction)\n",
                "            key: _known(record, marks.of(key), redaction)\n",
            ),
        ),
        (f"{COLUMNS}::test_a_hashed_name_is_in_no_plan",),
    ),
    Mutant(
        491,
        "the answer to a PATCH is asked for columns that are hidden, and compared in them",
        (
            Patch(
                "pipelines/plan/planning.py",
                "    beside = visibility.names(resource, beside)\n",
                "",
            ),
        ),
        (f"{COLUMNS}::test_an_excluded_text_does_not_disturb_a_write",),
    ),
    Mutant(
        492,
        "an edit of a column that is left out or hashed is proposed",
        (
            Patch(
                "pipelines/edits/validate.py",
                "            self.visibility.demand(found)\n",
                "",
            ),
        ),
        (f"{COLUMNS}::test_an_edit_of_a_hidden_column_is_refused",),
    ),
    Mutant(
        493,
        "a stripped custom field counts as empty, so a second value is made beside it",
        (
            Patch(
                "pipelines/edits/fields.py",
                "    return REDACTED if any(_is_nameless(one) for one in entries) else None\n",
                "    return None\n",
            ),
        ),
        (f"{EDITS}::test_a_stripped_custom_field_is_no_base",),
    ),
    Mutant(
        494,
        "a field that is withheld after a lost answer is taken for a change of a colleague's",
        (
            Patch(
                "pipelines/plan/outcomes.py",
                "    if Merge.HIDDEN in merged(edits, record).values():\n",
                "    if not merged(edits, record):\n",
            ),
        ),
        (f"{EDITS}::test_a_withheld_reading_confirms_nothing",),
    ),
    Mutant(
        495,
        "the stored value of a withheld column is an edit's base",
        (
            Patch(
                "pipelines/edits/warehouse_records.py",
                "        record = visibility.stored(whole, mine)\n",
                "        record = whole\n",
            ),
        ),
        (f"{EDITS}::test_a_marked_field_is_not_proposed",),
    ),
    Mutant(
        496,
        "null in a column that is known to be withheld is an empty value",
        (
            Patch(
                "pipelines/edits/allowed.py",
                "    gone = [path for path in marks if _is_nothing(_at(record, path))]\n",
                "    gone: list[Path] = []\n",
            ),
        ),
        (f"{EDITS}::test_a_marked_column_that_answers_null",),
    ),
    Mutant(
        497,
        "a query proposes changes by a column that is null here since it is left out",
        (
            Patch(
                "pipelines/edits/import_query.py",
                "    demand_known(at.visibility, text)\n",
                "",
            ),
        ),
        (f"{QUERIES}::test_a_hidden_column",),
    ),
    Mutant(
        498,
        "Clio's own reports bring names into the evidence that are hashed everywhere else",
        (
            Patch(
                "pipelines/reconcile/reports.py",
                "    return masks.cell(*column.shows, str(value)) if column.shows else value\n",
                "    return value\n",
            ),
        ),
        (f"{ANSWERS}::test_a_report_shows_hashes_in_the_place_of_names",),
    ),
    Mutant(
        499,
        "a value that does not fit is kept in quarantine though its column is hidden",
        (
            Patch(
                "pipelines/state/hashed_columns.py",
                "        if misfit.field:\n",
                "        if misfit.field not in {name.name for name in hidden}:\n",
            ),
        ),
        (f"{ANSWERS}::test_a_single_value_of_a_hidden_column",),
    ),
)
