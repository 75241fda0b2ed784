"""Bugs of writing back, as patches: numbers 10 to 16 and 21 of the list, from 100 on their kin."""

from tests.bugs import Mutant, Patch

WRITES = "sources/clio_http/writes.py"
ROAD = "tests/system/test_push.py"
FAULTS = "tests/system/test_push_faults.py"
MEANWHILE = "tests/system/test_push_meanwhile.py"
CRASHES = "tests/system/test_push_crashes.py"
LEAVE = 'raw = leave(patch.path, [("fields", patch.fields)], patch.body, headers)\n'
INTENT = (
    "    attempt = attempts.intend(at, attempt, patch, writes.address(patch, at.client.settings))\n"
)

PUSHES = (
    Mutant(
        10,
        "If-Match is left out where the etag is null",
        (
            Patch(
                WRITES,
                "    elif not is_strong(patch.if_match):\n",
                "    elif patch.if_match and not is_strong(patch.if_match):\n",
            ),
            Patch(
                WRITES,
                '    headers = {**_SENT, "If-Match": patch.if_match}\n',
                '    tag = {"If-Match": patch.if_match} if patch.if_match else {}\n'
                "    headers = {**_SENT, **tag}\n",
            ),
            Patch(
                "pipelines/plan/planning.py",
                '    if not is_strong(str(record.get("etag") or "")):\n',
                '    if record.get("etag") and not is_strong(str(record["etag"])):\n',
            ),
            Patch(
                "pipelines/plan/planning.py",
                '        str(record["etag"]),\n',
                '        str(record["etag"] or ""),\n',
            ),
            Patch(
                "pipelines/plan/outcomes.py",
                '    same = record.get("etag") == etag and',
                '    same = (record.get("etag") or "") == etag and',
            ),
        ),
        (f"{FAULTS}::test_w13_odd_etags",),
    ),
    Mutant(
        11,
        "after a 412 the fresh etag is fetched and used",
        (
            Patch(
                "pipelines/push/send.py",
                "        sent, written = _once(at, attempt, patch, planned)\n",
                "        sent, written = _once(at, attempt, patch, planned)\n"
                "        if written.effect is Effect.CHANGED:\n"
                "            fresh = at.reading.one(attempt.resource, attempt.record_id) or {}\n"
                '            patch = replace(patch, if_match=str(fresh["etag"]))\n'
                "            attempts.back_to_approved(at, sent)\n"
                "            continue\n",
            ),
        ),
        (f"{FAULTS}::test_w3_changed_between_reading_and_writing",),
    ),
    Mutant(
        12,
        "a 412 after an attempt in doubt is a conflict",
        (
            Patch(
                "pipelines/push/recovery.py",
                '    if attempt.outcome == "changed" and not attempt.doubtful:\n',
                '    if attempt.outcome == "changed":\n',
            ),
        ),
        (f"{FAULTS}::test_w8_refused_after_a_doubt",),
    ),
    Mutant(
        13,
        "a PATCH is sent again by the transport",
        (
            Patch(
                WRITES,
                f"            {LEAVE}",
                "            try:\n"
                f"                {LEAVE}"
                "            except UnavailableError:\n"
                f"                {LEAVE}",
            ),
        ),
        (f"{FAULTS}::test_w6_delayed_copy", f"{FAULTS}::test_w7_w27_applied_and_put_back"),
    ),
    Mutant(
        14,
        "the intent is recorded after the PATCH",
        (
            Patch(
                "pipelines/push/send.py",
                f'{INTENT}    crash_point("after_intent")\n    try:\n',
                '    crash_point("after_intent")\n    try:\n',
            ),
            Patch(
                "pipelines/push/send.py",
                "        attempts.end(at, replace(attempt, outcome=OUTCOMES[Effect.UNSENT]))\n"
                "        raise\n"
                '    crash_point("after_send")\n',
                f'        raise\n    crash_point("after_send")\n{INTENT}',
            ),
        ),
        (f"{CRASHES}::test_killed_at_a_point",),
    ),
    Mutant(
        15,
        "the plan is worked out anew when it is pushed",
        (
            Patch(
                "pipelines/push/command.py",
                "        now = shown.get(record.key)\n",
                "        now = shown.get(record.key)\n"
                '        fresh = str((now or {}).get("etag") or record.etag)\n'
                "        record = replace(record, etag=fresh)\n"
                "        attempt = replace(attempt, etag=fresh)\n",
            ),
        ),
        (f"{ROAD}::test_other_fields_moved",),
    ),
    Mutant(
        16,
        "an author approves under another spelling of the name",
        (
            Patch(
                "pipelines/plan/four_eyes.py",
                '    text = _bare(unicodedata.normalize("NFKC", name).casefold())\n',
                "    return [name]\n",
            ),
        ),
        (f"{ROAD}::test_nobody_approves_their_own",),
    ),
    Mutant(
        21,
        "a field that both sides changed counts as settled",
        (
            Patch(
                "pipelines/plan/outcomes.py",
                "    return Merge.CONFLICT\n",
                "    return Merge.ALREADY\n",
            ),
        ),
        (f"{ROAD}::test_a_colleague_is_not_overwritten",),
    ),
    Mutant(
        100,
        "an etag that is back counts as the version that was approved",
        (
            Patch(
                "pipelines/plan/outcomes.py",
                '    is_moved = bool(updated_at) and record.get("updated_at", updated_at)'
                " != updated_at\n",
                "    is_moved = False\n",
            ),
        ),
        (f"{FAULTS}::test_w7_w27_applied_and_put_back",),
    ),
    Mutant(
        101,
        "what was sent before counts as there already",
        (
            Patch(
                "pipelines/push/command.py",
                "    sent = attempts.doubts(at.ledger, attempt) if ends else 0\n",
                "    sent = 0\n",
            ),
        ),
        (f"{FAULTS}::test_late_effect_of_what_was_stopped",),
    ),
    Mutant(
        102,
        "nobody looks whether an accepted write met the version that was approved",
        (
            Patch(
                "pipelines/plan/outcomes.py",
                "    if overrun:\n",
                "    if overrun and not edits:\n",
            ),
        ),
        ("tests/system/test_push_guarded.py::test_overrun_is_seen",),
    ),
    Mutant(
        103,
        "a push that died is taken for one that sent nothing",
        (
            Patch(
                "pipelines/push/recovery.py",
                '            attempt = replace(attempt, outcome="unknown")\n',
                '            attempt = replace(attempt, outcome="unsent", doubtful=False)\n',
            ),
            Patch(
                "pipelines/push/recovery.py",
                "        conclude(at, attempt)\n",
                '        if attempt.outcome != "unsent":\n            conclude(at, attempt)\n',
            ),
        ),
        (f"{CRASHES}::test_killed_at_a_point",),
    ),
    Mutant(
        104,
        "an accepted write counts as applied whatever the answer shows",
        (
            Patch(
                "pipelines/plan/outcomes.py",
                "    return Settled(one.edit_id, State.NEEDS_HUMAN, note, shown)\n",
                '    return Settled(one.edit_id, State.APPLIED, "", shown)\n',
            ),
        ),
        (f"{ROAD}::test_accepted_and_not_stored",),
    ),
    Mutant(
        105,
        "an edit that was rejected while others were sent is sent all the same",
        (
            Patch(
                "pipelines/push/attempts.py",
                "        unless=lambda: _demand_approved(at.ledger, attempt),\n",
                "",
            ),
        ),
        (f"{MEANWHILE}::test_rejected_while_others_are_sent",),
    ),
    Mutant(
        106,
        "nobody compares the body that leaves with what its edits ask for",
        (
            Patch(
                "pipelines/push/command.py",
                "            _demand_body(record, attempt, now)\n",
                "",
            ),
        ),
        ("tests/system/test_push_forged.py::test_w23_forged_element",),
    ),
    Mutant(
        107,
        "the file that stops every write is not looked for after waiting for leave",
        (
            Patch(
                WRITES,
                "        last_look()\n",
                "",
            ),
        ),
        (f"{MEANWHILE}::test_stopped_while_waiting_for_leave",),
    ),
    Mutant(
        108,
        "another view in the ledger passes for the one that was made",
        (
            Patch(
                "pipelines/ledger/ledger.py",
                "        differing = expected ^ set(self.rows(SCHEMA))\n",
                "        differing = expected - expected\n",
            ),
        ),
        ("tests/unit/test_ledger.py",),
    ),
)
