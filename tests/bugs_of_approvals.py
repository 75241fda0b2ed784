"""Bugs, as patches, against the rule that nothing is sent which nobody approved who may."""

from tests.bugs import Mutant, Patch

POLICY = "pipelines/plan/approval_policy.py"
APPROVAL = "pipelines/plan/approval.py"
PROBE = "pipelines/push/if_match_probe.py"
TRUST = "pipelines/push/if_match_trust.py"
SIGNED = "tests/system/test_approvals.py"
ATTACKS = "tests/system/test_approval_attacks.py"
ASKED = "tests/system/test_push_guarded.py"
SHOWN = "tests/system/test_what_is_approved.py"
EDGES = "tests/system/test_push_edges.py"
UNIT = "tests/unit/test_approval.py"

APPROVALS: tuple[Mutant, ...] = (
    Mutant(
        750,
        "a setting lowers what approvals have to be",
        (
            Patch(
                POLICY,
                "return higher(policy, wanted or OFF, ",
                "return wanted or higher(policy, ",
            ),
        ),
        (f"{SIGNED}::test_settings_never_lower",),
    ),
    Mutant(
        751,
        "four_eyes = false turns four eyes off",
        (
            Patch(
                POLICY,
                "    return higher(policy, wanted",
                "    if not context.settings.four_eyes:\n        return OFF\n"
                "    return higher(policy, wanted",
            ),
        ),
        (f"{SIGNED}::test_settings_never_lower",),
    ),
    Mutant(
        752,
        "an approval that proves too little is sent",
        (Patch(APPROVAL, "if LEVELS.index(found.level) < LEVELS.index(level):", "if False:"),),
        (f"{SIGNED}::test_signed_road",),
    ),
    Mutant(
        753,
        "a signed statement that was copied counts once more",
        (
            Patch(
                APPROVAL,
                "self.seq < seq <= self.seq + judged",
                "self.seq < seq",
            ),
        ),
        (f"{ATTACKS}::test_replayed_signature",),
    ),
    Mutant(
        754,
        "the statement of one plan counts for another",
        (Patch(APPROVAL, "    if named != _place_of(plan):", "    if not named:"),),
        (f"{ATTACKS}::test_signature_of_the_plan_before",),
    ),
    Mutant(
        755,
        "a statement counts in a ledger whose past was written anew",
        (Patch(APPROVAL, "    if not place or (seq", "    if (seq"),),
        (f"{ATTACKS}::test_rewritten_history",),
    ),
    Mutant(
        756,
        "the key of an approver who was removed still counts",
        (
            Patch(
                APPROVAL,
                "if approver.key.fingerprint not in now.approvers:",
                "if approver.key.fingerprint not in then.approvers:",
            ),
        ),
        (f"{SIGNED}::test_removed_approver",),
    ),
    Mutant(
        757,
        "an approver or a policy in the ledger counts without signatures",
        (Patch(POLICY, "    if len(by) < change.needed(policy):", "    if False:"),),
        (f"{ATTACKS}::test_forged_policy",),
    ),
    Mutant(
        758,
        "one approver makes another",
        (Patch(POLICY, "SIGNERS = 2", "SIGNERS = 1"),),
        (f"{SIGNED}::test_changes_need_two_signatures",),
    ),
    Mutant(
        759,
        "a signature of an approver's change counts at another place of the ledger",
        (
            Patch(
                POLICY,
                '    if body.get("statement") != change.statement(head):',
                '    if not body.get("statement"):',
            ),
            Patch(
                POLICY,
                "policy.signed_by(change.statement(head), ",
                'policy.signed_by(body["statement"], ',
            ),
        ),
        (f"{ATTACKS}::test_replayed_approver",),
    ),
    Mutant(
        760,
        "an approval that says that it is signed counts without a signature",
        (
            Patch(
                APPROVAL,
                '        level = OFF if body.get("level") == OFF else ASSERTED\n',
                '        level = str(body["level"])\n',
            ),
            Patch(APPROVAL, 'if str(body.get("level")) in {ASSERTED, OFF}:', "if True:"),
        ),
        (f"{ATTACKS}::test_appended_approval",),
    ),
    Mutant(
        761,
        "whoever planned an edit approves it",
        (
            Patch(
                APPROVAL,
                "    if is_same(Person(plan.author, plan.author_login), me):",
                "    if False:",
            ),
        ),
        (f"{ATTACKS}::test_planner_is_an_author",),
    ),
    Mutant(
        762,
        "an older ledger goes on although the witness was told of more",
        (
            Patch(
                "pipelines/plan/review.py",
                "    witness.demand(context, ledger, plan.account)\n",
                "",
            ),
        ),
        (f"{ATTACKS}::test_older_ledger",),
    ),
    Mutant(
        763,
        "the login is the one that the environment names",
        (
            Patch(
                "pipelines/config/files.py",
                "        return pwd.getpwuid(os.getuid()).pw_name",
                '        return os.environ.get("LOGNAME") or pwd.getpwuid(os.getuid()).pw_name',
            ),
        ),
        (f"{UNIT}::test_login_is_the_machines",),
    ),
    Mutant(
        764,
        "the first push does not ask whether the tag is kept to",
        (Patch("pipelines/push/command.py", "    if_match_probe.demand_asked(\n", "    list(\n"),),
        (f"{ASKED}::test_first_push_to_a_server_that_ignores_the_tag",),
    ),
    Mutant(
        765,
        "an answer other than 412 counts as guarded",
        (
            Patch(
                PROBE, "        if found.error is not None:", "        if found.guarded is False:"
            ),
        ),
        (f"{ASKED}::test_any_other_answer_stops",),
    ),
    Mutant(
        766,
        "what was seen is known for ever",
        (Patch(TRUST, "moment > oldest and ", ""),),
        (f"{ASKED}::test_first_push_asks_first",),
    ),
    Mutant(
        767,
        "what another account showed counts for this one",
        (Patch(TRUST, "(account, version) == (at.account, API_VERSION)", "bool(account)"),),
        (f"{ASKED}::test_what_was_seen_elsewhere_is_not_known_here",),
    ),
    Mutant(
        768,
        "a plan lives as long as it says",
        (
            Patch(
                "pipelines/plan/plan_file.py",
                "        return min(self.expires_at, ",
                "        return max(self.expires_at, ",
            ),
        ),
        (f"{UNIT}::test_no_plan_outlives_a_week",),
    ),
    Mutant(
        769,
        "a plan is over by this machine's clock",
        (
            Patch(
                "pipelines/plan/session.py",
                "        return self.client.server_time or self.run.clock.now()",
                "        return self.run.clock.now()",
            ),
        ),
        ("tests/system/test_push.py::test_a_plan_for_elsewhere_or_too_old",),
    ),
    Mutant(
        770,
        "ä written out as ae makes another person",
        (
            Patch(
                "pipelines/plan/four_eyes.py",
                '    return _WRITTEN_OUT.sub(r"\\1", folds).split()',
                "    return folds.split()",
            ),
        ),
        (f"{UNIT}::test_names_of_one_person",),
    ),
    Mutant(
        771,
        "an approval is signed by its own author",
        (
            Patch(
                "pipelines/plan/review.py",
                "            demand_other(ledger, plan, edit, found.by)",
                "            _ = edit",
            ),
        ),
        (f"{SIGNED}::test_whose_signatures_count",),
    ),
    Mutant(
        772,
        "what was renamed since the approval is sent all the same",
        (Patch("pipelines/push/command.py", "    meaning.demand_same(at, plan)\n", ""),),
        (f"{SHOWN}::test_meaning_is_frozen",),
    ),
    Mutant(
        773,
        "definitions are compared as of the last load",
        (Patch("pipelines/plan/meaning.py", "        at.read(wanted)\n", "        at.read([])\n"),),
        (f"{SHOWN}::test_meaning_is_frozen",),
    ),
    Mutant(
        774,
        "a named risk is approved without a word",
        (
            Patch(
                "pipelines/plan/review.py",
                "    demand_comment(plan, ",
                "    (lambda *_: None)(plan, ",
            ),
        ),
        (f"{SHOWN}::test_closing_with_trust_money",),
    ),
    Mutant(
        775,
        "a line break is shown as a space",
        (Patch("pipelines/plan/plan_text.py", '"\\n": "⏎"', '"\\n": " "'),),
        (f"{SHOWN}::test_long_and_broken_values",),
    ),
    Mutant(
        776,
        "a long text pushes the rest out of sight",
        (Patch("pipelines/plan/plan_text.py", "LONGEST = 400\n", "LONGEST = 65_536\n"),),
        (f"{SHOWN}::test_long_and_broken_values",),
    ),
    Mutant(
        777,
        "a signature that was held back brings a rejected edit back",
        (
            Patch(
                APPROVAL,
                "    if is_stale(ledger, edit_id, found.since, found.seq):",
                "    if False:",
            ),
        ),
        (f"{ATTACKS}::test_signature_that_was_held_back",),
    ),
    Mutant(
        778,
        "another text than the plan's was shown to whoever signed",
        (
            Patch(
                APPROVAL,
                "    if review.shown != sha256(whole_text(plan, 0)):",
                "    if not review.shown:",
            ),
        ),
        (f"{ATTACKS}::test_shown_text_is_the_plans",),
    ),
    Mutant(
        780,
        "a rebase goes through although the field has another open edit",
        (Patch("pipelines/push/rebase.py", "    if other:\n", "    if other and not other:\n"),),
        (f"{EDGES}::test_rebase_beside_an_open_edit",),
    ),
    Mutant(
        781,
        "undo compares with our value, and not with what Clio made of it",
        (
            Patch(
                "pipelines/push/undo.py",
                "    if not values.same(ref, now, one.base):",
                "    if now != one.applied.new_value:",
            ),
        ),
        (f"{EDGES}::test_undo_of_what_clio_wrote_in_its_own_way",),
    ),
    Mutant(
        782,
        "a PATCH does not keep to Retry-After",
        (
            Patch(
                "pipelines/push/send.py",
                "at.client.hold(written.wait or wait)",
                "at.client.hold(wait)",
            ),
        ),
        (f"{EDGES}::test_retry_after_is_kept",),
    ),
    Mutant(
        783,
        "a PATCH in doubt is sent once more than it may be",
        (
            Patch(
                "pipelines/plan/outcomes.py",
                "    if attempts < ATTEMPTS:\n",
                "    if attempts <= ATTEMPTS:\n",
            ),
        ),
        (f"{EDGES}::test_doubts_are_counted_over_pushes",),
    ),
    Mutant(
        784,
        "an expired plan is approved",
        (
            Patch(
                "pipelines/plan/review.py",
                "    if plan.is_over(plan_file.moment(plan.created_at) + age):",
                "    if age < age:",
            ),
        ),
        (f"{EDGES}::test_expired_plan_is_not_approved",),
    ),
    Mutant(
        785,
        "the oldest acceptance wins",
        (
            Patch(
                "pipelines/reconcile/acceptance.py",
                "for key, *rest in found}",
                "for key, *rest in reversed(found)}",
            ),
        ),
        (f"{EDGES}::test_newest_acceptance_counts",),
    ),
)
