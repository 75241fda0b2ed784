"""Bugs, as patches, against the rule that unknown is never a value: pages and lists."""

from tests.bugs import Mutant, Patch

SALVAGE = "sources/clio_http/salvage.py"
UNREAD = "pipelines/load/result.py"
MIDDLE = "tests/system/test_unread_pages.py::test_record_that_breaks_its_page_costs_itself_alone"
ODD = "tests/system/test_children.py::test_odd_list_costs_itself"

PAGES: tuple[Mutant, ...] = (
    Mutant(
        410,
        "what lies between the last record and the next that can be had is not looked into",
        (
            Patch(
                SALVAGE,
                "        self._between(last, behind)\n",
                "        if not behind:\n            self._between(last, behind)\n",
            ),
        ),
        (f"{MIDDLE}[middle]",),
    ),
    Mutant(
        411,
        "a record that cannot be had is stepped over in silence",
        (
            Patch(
                "sources/clio_http/readings.py",
                "            misfits += place.unread\n",
                "",
            ),
        ),
        (f"{MIDDLE}[middle]",),
    ),
    Mutant(
        412,
        "failed parents are counted as read by status",
        (
            Patch(
                "pipelines/state/inputs.py",
                '        " where source = $1 and failed is not true group by 1",\n',
                '        " where source = $1 group by 1",\n',
            ),
        ),
        (f"{ODD}[403]",),
    ),
    Mutant(
        413,
        "lists that failed are asked for again in every load",
        (
            Patch(
                "pipelines/load/load.py",
                "        return frozenset() if self.choice.full else self.unread.paused(name)\n",
                "        return frozenset()\n",
            ),
        ),
        ("tests/system/test_children.py::test_parents_are_asked_for_with_growing_pauses",),
    ),
    Mutant(
        414,
        "a service that goes away is taken for bad parents",
        (
            Patch(
                "sources/clio_http/walks.py",
                "for lost in self._in_vain:\n",
                "for lost in ():\n",
            ),
        ),
        (
            "tests/system/test_children.py::test_service_that_goes_away_is_not_taken_for_bad_parents",
        ),
    ),
    Mutant(
        415,
        "a service that hangs is asked for list after list",
        (
            Patch(
                "sources/clio_http/limits.py",
                "                if self._hangs[id(walk)] >= HANGS:\n",
                "                if self._hangs[id(walk)] >= 10 * HANGS:\n",
            ),
        ),
        ("tests/system/test_silence.py::test_service_that_hangs_on_every_list",),
    ),
    Mutant(
        416,
        "an answer does not tell that the service is there",
        (
            Patch(
                "sources/clio_http/limits.py",
                "                self._hangs.clear()\n                self._unanswered.clear()\n",
                "                self._hangs.clear()\n",
            ),
        ),
        ("tests/unit/test_silence.py::test_an_answer_in_between_counts_for_all",),
    ),
    Mutant(
        417,
        "a record that answers as another one is gone, whatever that one says of itself",
        (
            Patch(
                "sources/clio_http/confirm.py",
                "    return other if itself is not None and _keys(walk, itself) == {other} else "
                '""\n',
                "    return other\n",
            ),
        ),
        ("tests/unit/test_confirm.py::test_another_record_answers",),
    ),
    Mutant(
        418,
        "a refused collection that nothing needs fails every load",
        (
            Patch(
                UNREAD,
                "        if unread.new(task.name, [WHOLE]):\n            return error\n",
                "        if unread.known or not unread.known:\n            return error\n",
            ),
        ),
        ("tests/system/test_optional.py::test_refused_collection_that_nothing_needs",),
    ),
    Mutant(
        419,
        "the columns that a record came without are not named",
        (
            Patch(
                "sources/clio_http/readings.py",
                "            misfits = (*batch.misfits, *kept_out)\n",
                "            misfits = (*batch.misfits, *kept_out[:0])\n",
            ),
        ),
        ("tests/system/test_unread_pages.py::test_record_that_breaks_only_what_is_nested",),
    ),
)
