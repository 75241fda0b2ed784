"""Bugs, as patches, against the rule that unknown is never a value: clocks, pace, proofs."""

from tests.bugs import Mutant, Patch

CENSUS = "pipelines/state/snapshots.py"
PLANS = "pipelines/load/planning.py"
META = "pipelines/state/runs.py"
EPOCH = "pipelines/state/epoch.py"
STATE = "pipelines/state/server.py"
PERMITS = "sources/clio_http/pace.py"
OF_CENSUS = "tests/unit/test_census.py"
PUT_DOWN = "tests/system/test_sweep_put_down.py"
ORDER = "tests/unit/test_sweep_order.py"
TIME = "tests/unit/test_server_clock.py"
LOADS = "tests/system/test_server_time.py"
SHARED = "tests/unit/test_pace_shared.py"
RETRY = "tests/unit/test_http_retry.py::test_time_is_bounded"

CLOCK: tuple[Mutant, ...] = (
    Mutant(
        470,
        "a row that a load stored ahead of a sweep is forgotten by it",
        (
            Patch(
                CENSUS,
                "        f\" where not odd and not {passed('key')}\"\n",
                '        " where false and $4 > 0"\n',
            ),
        ),
        (f"{OF_CENSUS}::test_what_a_load_stores_is_not_shown_by_the_walk",),
    ),
    Mutant(
        471,
        "a sweep that died before its first page goes on",
        (
            Patch(
                META,
                " and (self.list_index > 0 or bool(self.page_token))",
                "",
            ),
        ),
        (ORDER,),
    ),
    Mutant(
        472,
        "a sweep that was put down goes on whenever",
        (
            Patch(
                PLANS,
                "LONGEST_WALK = pendulum.duration(hours=12)",
                "LONGEST_WALK = pendulum.duration(days=12)",
            ),
        ),
        (ORDER,),
    ),
    Mutant(
        473,
        "what a sweep that died has stored is nobody's",
        (
            Patch(
                "pipelines/sweep/sweep.py",
                "                    self.census(task).go_on(anew=again)\n",
                "                    pass\n",
            ),
        ),
        (f"{PUT_DOWN}::test_rows_that_a_sweep_brought_before_it_died",),
    ),
    Mutant(
        474,
        "a row behind the sweep is held against it",
        (
            Patch(
                CENSUS,
                '" (list_index = $4 - 1 and',
                '" (list_index < 0 and',
            ),
        ),
        (f"{OF_CENSUS}::test_what_a_load_stores_is_not_shown_by_the_walk",),
    ),
    Mutant(
        475,
        "a sweep goes on after a load that died",
        (
            Patch(
                META,
                "r.status = 'running'\"\n            \" and r.mode not in",
                "r.status = 'gone'\"\n            \" and r.mode not in",
            ),
        ),
        (f"{PUT_DOWN}::test_sweep_goes_not_on_after_a_load_that_died",),
    ),
    Mutant(
        476,
        "a sweep goes on after the warehouse went back",
        (
            Patch(
                EPOCH,
                '        warehouse.rows("delete from meta.sweeps")',
                '        warehouse.rows("delete from meta.sweeps where false")',
            ),
        ),
        (f"{PUT_DOWN}::test_sweep_goes_not_on_after_the_warehouse_went_back",),
    ),
    Mutant(
        477,
        "a walk that began again keeps what it showed before",
        (
            Patch(
                "pipelines/state/row_history.py",
                "        if seen.restarted and seen.read_at is not None:\n",
                "        if seen.restarted and seen.read_at is None:\n",
            ),
        ),
        (f"{OF_CENSUS}::test_parts_of_a_walk",),
    ),
    Mutant(
        478,
        "a date that agrees with no clock is trusted",
        (Patch(STATE, "bool(agree or follow)", "bool(passed)"),),
        (f"{TIME}::test_date_that_jumps",),
    ),
    Mutant(
        479,
        "a date that is ahead is the start of the run",
        (
            Patch(
                STATE,
                "    believed = max(expected, min(proved, now.said))\n",
                "    believed = max(expected, now.said)\n",
            ),
        ),
        (f"{TIME}::test_nothing_is_skipped_whatever_date_says",),
    ),
    Mutant(
        480,
        "only the wall clock is compared",
        (Patch(STATE, "past.boot.id == now.boot.id", "past.boot.id != now.boot.id"),),
        (f"{TIME}::test_no_jump",),
    ),
    Mutant(
        481,
        "after a date that was wrong nothing is read anew",
        (Patch(STATE, "set fields_hash = ''", "set fields_hash = fields_hash"),),
        (f"{LOADS}::test_first_load_ahead_and_the_next_one_hours_later",),
    ),
    Mutant(
        482,
        "one wrong answer makes every collection be read anew",
        (
            Patch(
                "pipelines/state/server.py",
                "MORE_ANSWERS = 2\n",
                "MORE_ANSWERS = 0\n",
            ),
        ),
        (f"{LOADS}::test_one_answer_that_is_wrong_costs_two_requests",),
    ),
    Mutant(
        483,
        "a watermark in the future is gone on with",
        (
            Patch(
                PLANS,
                "    if progress.watermark > now:\n",
                "    if progress.watermark < now.subtract(years=9):\n",
            ),
        ),
        ("tests/unit/test_plans.py::test_a_watermark_in_the_future_means_a_full_walk",),
    ),
    Mutant(
        484,
        "a daily copy is due by 24 hours",
        (
            Patch(
                PLANS,
                "done <= now and _day(done) == _day(now))",
                "done <= now < done.add(days=1))",
            ),
        ),
        ("tests/unit/test_plans.py::test_due_by_the_day_and_not_by_the_hour",),
    ),
    Mutant(
        485,
        "time that goes into waits is not counted",
        (
            Patch(
                "sources/clio_http/retry.py",
                "                spent += self._pause(",
                "                self._pause(",
            ),
        ),
        (RETRY,),
    ),
    Mutant(
        486,
        "time that goes into requests is not counted",
        (
            Patch(
                "sources/clio_http/retry.py",
                "                spent += self._clock.monotonic() - began\n",
                "                spent += 0.0 * began\n",
            ),
        ),
        (RETRY,),
    ),
    Mutant(
        487,
        "a secret that begins with another leaves its tail",
        (
            Patch(
                "sources/clio_http/secret.py",
                "sorted(values, key=len, reverse=True)",
                "sorted(values, key=len)",
            ),
        ),
        ("tests/unit/test_http_redaction.py::test_secret_that_begins_with_another_leaves_no_tail",),
    ),
    Mutant(
        488,
        "a refusal does not slow Grow's requests down",
        (
            Patch(
                PERMITS,
                "        self.pace = max(SLOWEST, current / 2)\n",
                "        self.pace = current\n",
            ),
        ),
        (f"{SHARED}::test_pace_falls_to_a_lower_limit",),
    ),
    Mutant(
        489,
        "each data folder has a pace of its own",
        (
            Patch(
                "pipelines/access/client.py",
                "    return Pace(api.a_second, file=file)\n",
                "    return Pace(api.a_second, file=otherwise or file)\n",
            ),
        ),
        (f"{SHARED}::test_two_folders_with_one_application_share_its_pace",),
    ),
)
