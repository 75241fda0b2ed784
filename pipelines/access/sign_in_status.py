"""Tell who is signed in, without asking Clio."""

from collections.abc import Sequence
from typing import Any

from pipelines.context import Context
from pipelines.outcome import Outcome
from sources.clio_http.statuses import of_product
from sources.errors import ClioError

from .refresh import REFUSED, sign_in_needed
from .signed_in import comes_first, renewal, shown, sign_ins_text
from .signin import SignIn

SIGNED_IN = frozenset({"signed_in", "configured"})


def run_status(context: Context, sources: Sequence[str]) -> Outcome:
    """Show the sign-ins of some products; exit code 3 if there is none among them."""
    outcome = Outcome("auth status", context.clock.now())
    for source in sources:
        try:
            row = _row(context, source)
        except ClioError as error:
            row = shown(source, error.code, "-")
            outcome.errors.append((source, of_product(error, source)))
        outcome.results = [*outcome.results, row]
    outcome.text = sign_ins_text(outcome.results)
    if not any(row["state"] in SIGNED_IN for row in outcome.results):
        outcome.errors = outcome.errors or [("", sign_in_needed(sources[0], "nobody is signed in"))]
        outcome.exit_code = 3
    outcome.finished_at = context.clock.now()
    return outcome


def _row(context: Context, source: str) -> dict[str, Any]:
    gateway = context.settings.sources[source].gateway
    if gateway is not None:
        gateway.needed_key()
        return shown(source, "configured", f"the key of the Maton gateway, {gateway.host}")
    if comes_first(context, source):
        return shown(source, "configured", "the environment or .dlt; never renewed")
    kept = renewal(context, source)
    text = kept.store.read()
    if text is None:
        return shown(source, "nobody", kept.store.place)
    found = SignIn.read(text)
    if not found.is_for(kept.target):
        return shown(source, "elsewhere", kept.store.place, found)
    state = "refused" if kept.state(found) == REFUSED else "signed_in"
    return shown(source, state, kept.store.place, found)
