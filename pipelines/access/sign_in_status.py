"""Tell who is signed in, without asking Clio."""

from collections.abc import Sequence
from typing import Any

from pipelines.outcome import Outcome
from sources.clio_http.hints import of_product
from sources.errors import ClioError

from .refresh import REFUSED, sign_in_needed
from .signed_in import Work, shown, sign_ins_text
from .signin import SignIn

SIGNED_IN = frozenset({"signed_in", "configured"})


def run_status(work: Work, sources: Sequence[str]) -> Outcome:
    """Show the sign-ins of some products; exit code 3 if there is none among them."""
    outcome = Outcome("auth status", work.clock.now())
    for source in sources:
        try:
            row = _row(work, source)
        except ClioError as error:
            row = shown(source, error.code, "-")
            outcome.errors.append((source, of_product(error, source)))
        outcome.results = [*outcome.results, row]
    outcome.text = sign_ins_text(outcome.results)
    if not any(row["state"] in SIGNED_IN for row in outcome.results):
        outcome.errors = outcome.errors or [("", sign_in_needed(sources[0], "nobody is signed in"))]
        outcome.exit_code = 3
    outcome.finished_at = work.clock.now()
    return outcome


def _row(work: Work, source: str) -> dict[str, Any]:
    gateway = work.settings.sources[source].gateway
    if gateway is not None:
        gateway.needed_key()
        return shown(source, "configured", f"the key of the Maton gateway, {gateway.host}")
    if work.comes_first(source):
        return shown(source, "configured", "the environment or .dlt; never renewed")
    renewal = work.renewal(source)
    text = renewal.store.read()
    if text is None:
        return shown(source, "nobody", renewal.store.place)
    found = SignIn.read(text)
    if not found.is_for(renewal.target):
        return shown(source, "elsewhere", renewal.store.place, found)
    state = "refused" if renewal.state(found) == REFUSED else "signed_in"
    return shown(source, state, renewal.store.place, found)
