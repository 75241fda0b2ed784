"""What one check says, why it matters, and what that means for the exit code."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

OK, NOTE, WARN, FAIL = "ok", "note", "warn", "fail"
"""All is well; nothing to judge; look at it; mend it."""

UNUSABLE, FULL, CHECK_FAILED, SIGN_IN_NEEDED = URGENCY = (2, 4, 7, 3)
"""The exit codes of failures, the one that counts where there are several first."""

SIGN_IN = "sign_in"
WHY = {
    "versions": "other versions of these packages were not tested together",
    "configuration": "a setting that is not understood is not applied",
    "data_folder": "it holds the firm's confidential data and its sign-ins",
    "lock": "two runs at once would disturb each other, so the second one ends with exit code 4",
    "disk": "a load that finds no room stores nothing",
    "copies": "a folder that another program synchronises may be put back or mixed up by it",
    "ledger": "nothing is sent to Clio while it is not known what was approved and sent before",
    "stop": "as long as the file is there, nothing is sent to Clio that changes anything",
    "warehouse": "what cannot be opened can be neither read nor brought up to date",
    "epoch": "a warehouse that went back lacks what was deleted in Clio meanwhile",
    "last_runs": "a collection whose load fails or stands still is older than it looks",
    "lateness": "a version that becomes visible later than the overlap is found by a sweep alone",
    "certificates": "only a certificate says that the warehouse equals Clio, deletions included",
    "kept_out": "what is kept out is in no figure, or stands there as it was before",
    "not_known": "a figure that rests on what is not known is null, and a sum without it too low",
    "hidden_values": "hidden hours and amounts make every sum too low, and nothing else tells",
    SIGN_IN: "without an access token that Clio accepts nothing can be read",
    "account": "one warehouse holds one account, and proof needs the same user's eyes",
    "api_version": "another version may name or mean fields differently",
    "rate_limit": "without a count from Clio the speed cannot be fitted to what is allowed",
    "clock": "certificates of hosts and the life of tokens are judged by this machine's clock",
    "scopes": "a collection that may not be read is not loaded, and each load ends with 4",
    "collections": "a collection that does not answer is not loaded, and each load ends with 4",
    "hidden_now": "hidden hours and amounts make every sum too low, and nothing else tells",
    "refused_fields": "a refused field is not asked for again by itself: its column stands still",
    "refused_parameters": "a list is asked for in another way, or shows less, as long as it lasts",
}
"""Each check, and why it matters."""


@dataclass(frozen=True)
class DoctorLine:
    """One check: how it went, what was seen, and the command that mends it.

    `product` is empty where the check is about this machine or the warehouse as a whole;
    `requests` is how many requests it sent; `code` is the exit code that its failure means. No line
    holds anything of a record but counts.
    """

    check: str
    status: str
    what: str
    fix: str = ""
    product: str = ""
    requests: int = 0
    code: int = CHECK_FAILED

    @property
    def why(self) -> str:
        """Say why the check matters."""
        return WHY[self.check]

    def document(self) -> dict[str, Any]:
        """Return the line as it stands in the JSON document."""
        return {
            "check": self.check,
            "product": self.product or None,
            "status": self.status,
            "what": self.what,
            "why": self.why,
            "fix": self.fix or None,
            "requests": self.requests,
        }


def exit_code(lines: Iterable[DoctorLine]) -> int:
    """Return 0 if nothing failed, 3 if only a sign-in did, 7 otherwise.

    A folder that cannot be written (2) or a disk that is full (4) comes before: every other command
    ends with that as well.
    """
    failed = [line for line in lines if line.status == FAIL]
    codes = {SIGN_IN_NEEDED if line.check == SIGN_IN else line.code for line in failed}
    return next((code for code in URGENCY if code in codes), 0)


def text(lines: Sequence[DoctorLine]) -> str:
    """Lay lines out for a person: why and how to mend it only where something is wrong."""
    parts = []
    for line in lines:
        name = line.check.replace("_", " ")
        about = f"{name} of {line.product}" if line.product else name
        parts.append(f"{line.status:4}  {about}: {line.what}")
        if line.status in {WARN, FAIL}:
            parts.append(f"      Why it matters: {line.why}.")
        if line.fix:
            parts.append(f"      To do: {line.fix}")
    counts = ", ".join(
        f"{sum(line.status == status for line in lines)} {status}"
        for status in (OK, NOTE, WARN, FAIL)
    )
    requests = sum(line.requests for line in lines)
    return "\n".join([*parts, "", f"{counts}; {requests} requests. Nothing was changed.", ""])
