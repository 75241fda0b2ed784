"""Named points at which a run can be made to die, so that recovery can be proved.

`CLIO_SYNC__CRASH_AT=package-committed:2` kills the process with SIGKILL when it comes to that
point for the second time. Nothing else looks at the variable.
"""

import os
import signal
from collections import Counter

POINTS = (
    "run-started",
    "page-read",
    "history-saved",
    "package-extracted",
    "package-committed",
    "watermarks-saved",
    "epoch-written",
    "run-finished",
)
"""Every point, in the order in which a run passes them."""

SWEEP_POINTS = ("ghosts-confirmed", "ghosts-buried", "certificate-saved")
"""The further points of `sweep`."""

BACKUP_POINTS = ("backup-begun", "backup-copied", "backup-described", "backup-named")
"""The points of `backup create`."""

TOKEN_POINTS = ("refresh-marked", "refresh-answered", "refresh-saved")
"""The points of a refresh: before the token is sent, after the answer, after it is saved."""

PUSH_POINTS = ("before_intent", "after_intent", "after_send", "after_answer", "before_final")
"""The points of `push`, at each PATCH: around the intent, after the answer came and after it was
understood, and before the final state."""

TRANSFORM_POINTS = ("models-built", "models-checked", "models-committed")
"""The points of `transform`."""

PUBLISH_POINTS = ("snapshot-copied", "snapshot-named", "pointer-written", "publish-finished")
"""The points of `publish`: only after the third is the new generation the one that is read."""

_passed: Counter[str] = Counter()


def crash_point(name: str) -> None:
    """Die here if the environment says so."""
    asked, _, time = os.environ.get("CLIO_SYNC__CRASH_AT", "").partition(":")
    if asked != name:
        return
    _passed[name] += 1
    if _passed[name] == int(time or 1):
        os.kill(os.getpid(), signal.SIGKILL)
