"""What can go wrong between a plan and its end in Clio."""

from sources.errors import ClioError

STOP = "STOP"
"""The file in the data folder that stops every write."""


class NoPlanError(ClioError):
    """There is no such plan."""

    code = "no_plan"
    hint = "Nothing was sent. clio-sync status names the plans that wait; clio-sync plan makes one."
    exit_code = 2


class PlanError(ClioError):
    """The plan is not what was frozen."""

    code = "plan"
    hint = (
        "Nothing was sent to Clio. Do not use this file; withdraw nothing: clio-sync plan freezes"
        " the same edits anew, and they need a new approval."
    )
    exit_code = 7


class GuardError(ClioError):
    """The plan goes past a limit."""

    code = "guard"
    exit_code = 5

    def __init__(self, message: str, flag: str) -> None:
        """Keep the flag with which a person lets it pass."""
        super().__init__(f"{message}: {flag}")
        self.hint = (
            "Nothing was frozen and nothing was sent. Look at clio-sync edits list; if it is meant"
            f" so: clio-sync plan {flag}, which is then part of what is approved."
        )


class PlanRefusedError(ClioError):
    """The plan may not be approved or pushed as things are."""

    code = "plan_refused"
    hint = (
        "Nothing was sent. The edits stay: clio-sync plan freezes them anew, as they are now, and"
        " they need a new approval."
    )
    exit_code = 5


class FourEyesError(ClioError):
    """Nobody approves their own edits."""

    code = "four_eyes"
    hint = (
        "Nothing was approved or sent. Let another person run clio-sync review, under their own"
        " name (CLIO_SYNC__ACTOR). A firm of one: clio-sync approvers policy off --reason R."
    )
    exit_code = 5


class ApprovalLevelError(ClioError):
    """The approval that there is proves less than is demanded."""

    code = "approval_level"
    hint = (
        "Nothing was sent. clio-sync approvers list shows what is demanded and of whom; an"
        " approver signs with clio-sync review PLAN --approve all --sign KEY."
    )
    exit_code = 5


class ForgedApprovalError(ClioError):
    """The ledger holds an approval, an approver or a policy that nobody who may has signed."""

    code = "approval_forged"
    hint = (
        "Nothing was sent. Somebody wrote into the ledger past clio-sync: keep a copy of the data"
        " folder, look at clio-sync audit verify --keys FILE, and put a backup of it back."
    )
    exit_code = 5


class SignatureError(ClioError):
    """A signature could not be made or does not count."""

    code = "signature"
    hint = (
        "Nothing was recorded and nothing was sent. clio-sync approvers list names the keys that"
        " count; docs/write-back.md shows how to sign."
    )
    exit_code = 5


class OlderLedgerError(ClioError):
    """The witness was told of more than the ledger holds."""

    code = "older_ledger"
    hint = (
        "Nothing was sent. An older ledger was put back, or another one: put the newest backup of"
        " it back. If it is lost for good, whoever keeps the witness begins a new one, and"
        " clio-sync audit accept records the loss."
    )
    exit_code = 5


class WitnessError(ClioError):
    """The ledger's head could not be told outside, or what was told cannot be read."""

    code = "witness"
    hint = (
        "What the ledger holds stays, and nothing more was sent. See that clio_sync.witness can be"
        " written, then run the same command again."
    )
    exit_code = 4


class StopSwitchError(ClioError):
    """The file STOP lies in the data folder."""

    code = "stop_switch"
    hint = (
        "Nothing more was sent. What is approved stays so: remove the file and run the same"
        " command again."
    )
    exit_code = 5


class UnguardedError(ClioError):
    """Clio does not keep to If-Match for these records, so that no write is safe."""

    code = "unguarded"
    hint = (
        "No edit was sent to them. Make the change in Clio by hand, and withdraw the edits with"
        " clio-sync edits withdraw. What is not known, and what may have been mended since, can be"
        " asked: clio-sync push PLAN --probe."
    )
    exit_code = 5


class NotToldError(ClioError):
    """Clio did not tell whether it keeps to If-Match."""

    code = "not_told"
    hint = "No edit was sent. Run the same command again later; until then nothing is known."
    exit_code = 4


class NeedsPersonError(ClioError):
    """Edits wait for a person."""

    code = "needs_a_person"
    hint = (
        "Nobody was overwritten. clio-sync edits show tells both sides of each; then clio-sync"
        " edits rebase, or clio-sync edits withdraw."
    )
    exit_code = 6


class MeaningError(NeedsPersonError):
    """What the plan names means another thing by now."""

    code = "meaning"
    hint = (
        "Nothing was sent. Look at what it is called in Clio now; then clio-sync plan --again, and"
        " a new approval."
    )


class RiskError(ClioError):
    """A risk that the plan names was approved without a word."""

    code = "risk"
    hint = (
        "Nothing was approved. Say why it is right all the same: the same command with --comment,"
        " which the ledger keeps."
    )
    exit_code = 5


class OverrunError(NeedsPersonError):
    """Clio took a write although the record was no longer the one that was approved."""

    code = "overrun"
    hint = (
        "That write is in Clio, and may have replaced what somebody wrote just before. Nothing more"
        " was sent, and nothing more is sent to this collection. Look at the record's history in"
        " Clio, put right what was lost, and close the edit with clio-sync edits withdraw."
    )


class EditFailedError(ClioError):
    """Clio refused an edit for good."""

    code = "edit_failed"
    hint = (
        "Nothing of it was written, and the other edits are not affected. Correct what Clio"
        " refuses and propose it anew: clio-sync edits show tells the edit."
    )
    exit_code = 1


class UnresolvedError(ClioError):
    """Nobody knows yet whether a write had its effect."""

    code = "unresolved"
    hint = (
        "Nothing more was sent, and nothing is sent before this is settled. Run the same command"
        " again: it reads the record first and finds out."
    )
    exit_code = 6
