"""The ledger's head, told outside the data folder at each approval and push.

Whoever owns the data folder can put an older ledger back, with all that stands beside it. A witness
that they cannot change shows it: a file on another volume, a git repository, or a webhook. What was
told to a file or a repository is also read again before anything is approved or sent.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

from pipelines.config import Settings
from pipelines.context import Context
from pipelines.ledger.canonical import canonical
from pipelines.ledger.errors import OlderLedgerError, WitnessError
from pipelines.ledger.ledger import Head, Ledger
from sources.clio_http.exchange import post_document
from sources.clio_http.secret import Secret
from sources.errors import ClioError

FILE = "clio-sync-heads.jsonl"
"""The file of a git repository that the heads are added to."""
SECONDS = 30.0
GIT = (
    "-c",
    "commit.gpgsign=false",
    "-c",
    "user.name=clio-sync",
    "-c",
    "user.email=clio-sync@localhost",
)


def tell(context: Context, ledger: Ledger, account: str) -> None:
    """Tell the witness the head of the ledger, if there is a witness.

    Raises:
        WitnessError: it could not be told.

    """
    witness = context.settings.witness
    if not witness:
        return
    at = context.clock.now().in_timezone("UTC").format("YYYY-MM-DD[T]HH:mm:ss[Z]")
    line = canonical({"at": at, "account": account, "head": str(ledger.head())}) + "\n"
    if _is_webhook(witness):
        try:
            post_document(Secret(witness), line.encode())
        except ClioError as error:
            raise WitnessError(str(error)) from None
        return
    path = _file(context.settings)
    try:
        _add(path, line)
    except OSError as error:
        message = f"the witness cannot be written ({error.strerror})"
        raise WitnessError(message) from None
    if path.name == FILE and (path.parent / ".git").exists():
        _commit(path)


def demand(context: Context, ledger: Ledger, account: str) -> None:
    """Refuse a ledger that does not hold what the witness was told.

    Raises:
        OlderLedgerError: it does not: an older or another ledger was put in its place.
        WitnessError: the witness cannot be read.

    """
    witness = context.settings.witness
    if not witness or _is_webhook(witness):
        return
    lost = [one for one in _told(_file(context.settings), account) if not ledger.holds(one)]
    if lost:
        message = f"the witness was told of event {lost[0].count}, which this ledger does not hold"
        raise OlderLedgerError(message)


def _is_webhook(witness: str) -> bool:
    return witness.startswith(("https://", "http://"))


def _file(settings: Settings) -> Path:
    path = Path(settings.witness).expanduser()
    return path / FILE if path.is_dir() else path


def _told(path: Path, account: str) -> list[Head]:
    """Return the heads of one account that stand in a file; it may hold those of others."""
    try:
        # a line that has no end was being written when the machine died
        whole = path.read_text("utf-8").rpartition("\n")[0]
        lines = [json.loads(line) for line in whole.splitlines() if line.strip()]
        told = [one["head"].partition(":") for one in lines if one["account"] == account]
        return [Head(int(count), mark) for count, _, mark in told]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        message = f"the witness {path.name} cannot be read"
        raise WitnessError(message) from None


def _add(path: Path, line: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        os.write(handle, line.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def _commit(path: Path) -> None:
    git = shutil.which("git")
    if git is None:
        message = "the witness is a git repository, and git is not installed"
        raise WitnessError(message)
    for words in (("add",), ("commit", "-q", "-m", "Head of the ledger")):
        try:
            done = subprocess.run(  # noqa: S603 - git, with a name of our own
                [git, *GIT, *words, "--", path.name],
                cwd=path.parent,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            done = None
        if done is None or done.returncode:
            message = f"the witness could not be told: git {words[0]} failed"
            raise WitnessError(message)
