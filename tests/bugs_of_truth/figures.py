"""Bugs, as patches, against the rule that unknown is never a value: figures."""

from tests.bugs import Mutant, Patch

UNKNOWN = "tests/unit/test_unknown_figures.py"
ABOUT = "tests/unit/test_about.py"
SYNC = "tests/system/test_sync.py"
HEALS = "tests/system/test_sync_heals.py"
KNOWING = "pipelines/transform/knowing.py"
LINEAGE = "tests/unit/test_lineage.py::test_every_figure_says_what_it_is_made_of"
TRUST_NEEDS = """\
-- needs: trust.fct_trust_ledger, trust.fct_trust_ledger.account_running,
--   trust.fct_trust_ledger.client_id, trust.fct_trust_ledger.bill_id,
--   trust.fct_trust_ledger.allocation_id, trust.fct_trust_ledger.transaction_type,
--   trust.fct_trust_ledger.updated_date, core.fct_bill, core.fct_bill.balance,
--   core.fct_bill.client_id, core.fct_allocation, core.dim_matter, core.dim_matter.status,
--   core.dim_matter.trust_balance, core.dim_matter.evergreen_minimum,
--   staging.stg_manage__contact_account_balances.balance,
--   staging.stg_manage__bank_accounts.balance
"""
BILLS = f"{UNKNOWN}::test_without_bills_nothing_that_needs_them_is_a_number"

FIGURES: tuple[Mutant, ...] = (
    Mutant(
        450,
        "a collection that was never read is taken for one that is empty",
        (
            Patch(
                "pipelines/state/inputs.py",
                "            if state in ROWS_UNKNOWN:\n",
                "            if state in {OFF, ABSENT}:\n",
            ),
        ),
        (BILLS,),
    ),
    Mutant(
        451,
        "figures that are not known are left as they were worked out",
        (
            Patch(
                "pipelines/transform/build.py",
                "    return blinded(query, types, columns), note\n",
                "    return query, note\n",
            ),
        ),
        (BILLS,),
    ),
    Mutant(
        452,
        "work that Clio calls billed is in progress where its bill is not here",
        (
            Patch(
                "sql/intermediate/int_wip__intervals.sql",
                "    and (billed_date > work_date or (billed_date is null and"
                " billing_status <> 'billed'))",
                "    and (billed_date is null or billed_date > work_date)",
            ),
        ),
        (f"{UNKNOWN}::test_work_that_clio_calls_billed_is_never_in_progress",),
    ),
    Mutant(
        453,
        "hours without a cost rate cost nothing",
        (
            Patch(
                "sql/finance/agg_matter_profit.sql",
                "case when count(*) = count(cost_amount) then sum(cost_amount) end as cost,\n",
                "sum(coalesce(cost_amount, 0)) as cost,\n",
            ),
        ),
        (f"{UNKNOWN}::test_without_cost_rates_nothing_is_earned",),
    ),
    Mutant(
        454,
        "clients' balances that are withheld are 0",
        (
            Patch(
                "sql/intermediate/int_trust__three_way.sql",
                "-- needs: intermediate.int_trust__ledgers, intermediate.int_trust__ledgers.balance"
                " for ledgers\n",
                "",
            ),
        ),
        (f"{UNKNOWN}::test_balances_of_clients_that_are_withheld_make_no_difference",),
    ),
    Mutant(
        455,
        "a column that is withheld is not followed through the query that renames it",
        (
            Patch(
                KNOWING,
                "        found |= {made for made, used in steps if used & found}\n",
                "        found |= set()\n",
            ),
        ),
        (f"{UNKNOWN}::test_hours_that_are_withheld_of_one_entry_make_no_sum_too_small",),
    ),
    Mutant(
        456,
        "a check of what is not known fails",
        (
            Patch(
                "pipelines/transform/build.py",
                "                unsaid(check, why, mark) if why else evaluate(",
                "                unsaid(check, why, mark) if not check else evaluate(",
            ),
        ),
        (BILLS,),
    ),
    Mutant(
        457,
        "months are frozen though a payment's amount is withheld",
        (
            Patch(
                "pipelines/transform/build.py",
                "    if columns and model.kind == APPEND:\n",
                "    if not columns and model.kind == APPEND:\n",
            ),
        ),
        (f"{UNKNOWN}::test_nothing_is_frozen_that_is_not_known",),
    ),
    Mutant(
        458,
        "models do not follow when a collection is known again",
        (
            Patch(
                "pipelines/transform/build.py",
                "    states = inputs.marked(states, unknown)\n",
                "",
            ),
        ),
        (f"{UNKNOWN}::test_what_is_known_again_is_a_number_again",),
    ),
    Mutant(
        459,
        "what is not known is compared with Clio as 0",
        (
            Patch(
                "pipelines/reconcile/evaluate.py",
                "            if column in words:\n",
                "            if column in words and not why:\n",
            ),
        ),
        (f"{ABOUT}::test_what_is_not_known_is_never_compared_with_clio",),
    ),
    Mutant(
        460,
        "a failing row is as old as the last check",
        (
            Patch(
                "pipelines/state/check_results.py",
                "[before.get((one.check, row), at) for row in one.rows]",
                "[at for row in one.rows]",
            ),
        ),
        (f"{ABOUT}::test_problems_hold_ids_and_no_names",),
    ),
    Mutant(
        461,
        "sync goes on after any guard of the load",
        (
            Patch(
                "pipelines/operate/sync.py",
                '        return bool(stops) and all(getattr(error, "goes_on", False)'
                " for error in stops)\n",
                "        return bool(stops)\n",
            ),
        ),
        (f"{SYNC}::test_what_follows_withheld_columns",),
    ),
    Mutant(
        462,
        "the last stage decides the exit code of sync",
        (
            Patch(
                "pipelines/operate/sync.py",
                "        outcome.exit_code = worst(outcome.exit_code, done.exit_code)\n",
                "        outcome.exit_code = done.exit_code\n",
            ),
        ),
        (f"{SYNC}::test_an_incomplete_load_is_published",),
    ),
    Mutant(
        463,
        "a record that a list leaves out is not looked for",
        (
            Patch(
                "pipelines/operate/healing.py",
                "        answer = confirm(task.walk, absent)\n",
                "        answer = confirm(task.walk, [])\n",
            ),
        ),
        (f"{HEALS}::test_a_payment_that_was_deleted_stops_nothing",),
    ),
    Mutant(
        464,
        "a snapshot is published though money was never read",
        (
            Patch(
                "pipelines/publish/snapshot.py",
                "        if lacks and not (partial or context.settings.publish_partial):\n",
                "        if False:\n",
            ),
        ),
        (f"{HEALS}::test_without_bills_it_is_published_only_when_asked_for",),
    ),
    Mutant(
        465,
        "a line without a date and without work falls out of the month of its fees",
        (
            Patch(
                "sql/core/fct_bill_line.sql",
                "    coalesce(lines.line_date, bills.issued_date) as line_date,\n",
                "    lines.line_date,\n",
            ),
        ),
        (f"{UNKNOWN}::test_odd_records_count_from_defined_days",),
    ),
    Mutant(
        466,
        "an approved bill without an issue date falls out of its month",
        (
            Patch(
                "sql/staging/stg_manage__bills.sql",
                "            when source.issued_at is null and source.state in"
                " ('awaiting_payment', 'paid')\n",
                "            when source.issued_at is null and source.state in ('draft')\n",
            ),
        ),
        (f"{UNKNOWN}::test_odd_records_count_from_defined_days",),
    ),
    Mutant(
        467,
        "two rows of a seed for one user make two users",
        (Patch("sql/core/dim_user.sql", " and working_days.place = 1", ""),),
        ("tests/unit/test_seed_matches.py",),
    ),
    Mutant(
        513,
        "a list that Clio refuses now keeps figures that contradict the rest",
        (
            Patch(
                "pipelines/state/inputs.py",
                "ROWS_UNKNOWN = NEVER_READ | {BEHIND}\n",
                "ROWS_UNKNOWN = NEVER_READ\n",
            ),
        ),
        (f"{HEALS}::test_a_list_that_cannot_be_read_any_more",),
    ),
    Mutant(
        514,
        "a list that was given up is taken for known by the next load, which cannot read it",
        (
            Patch(
                "pipelines/state/inputs.py",
                "        if state == INCOMPLETE and before == BEHIND and facts.cannot_be_read:\n",
                "        if state == INCOMPLETE and before == BEHIND and False:\n",
            ),
        ),
        (f"{HEALS}::test_a_list_that_cannot_be_read_any_more",),
    ),
    Mutant(
        524,
        "what is to be reviewed of trust money stays a number without a balance that it rests on",
        (
            Patch(
                "sql/trust/rpt_trust_exceptions.sql",
                TRUST_NEEDS,
                "",
            ),
        ),
        (f"{UNKNOWN}::test_what_rests_on_a_column_is_empty_without_it",),
    ),
    Mutant(
        521,
        "work in progress is summed by currencies that are not known",
        (
            Patch(
                "sql/finance/fct_wip_monthly.sql",
                ", intermediate.int_wip__month_ends.currency_id",
                "",
            ),
        ),
        (LINEAGE,),
    ),
    Mutant(
        522,
        "work in progress is a number where it is not known what is billed",
        (
            Patch(
                "sql/intermediate/int_wip__intervals.sql",
                "--   core.fct_activity.billing_status\n",
                "--   core.fct_activity.user_id\n",
            ),
        ),
        (LINEAGE,),
    ),
    Mutant(
        523,
        "work is billed or not though it is not known which bills are approved",
        (
            Patch(
                "sql/intermediate/int_activities__billed.sql",
                "--   staging.stg_manage__line_items.bill_id,"
                " staging.stg_manage__line_items.is_revenue\n-- needs: ",
                "--   staging.stg_manage__line_items.bill_id,"
                " staging.stg_manage__line_items.is_revenue,\n--   ",
            ),
        ),
        (f"{UNKNOWN}::test_without_these_columns_nothing_lies",),
    ),
)
