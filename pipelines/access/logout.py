"""Sign out: Clio forgets the tokens, then this machine does."""

from collections.abc import Sequence

from pipelines.context import Context
from pipelines.errors import NotRevokedError
from pipelines.outcome import Outcome
from sources.clio_http.statuses import hints_for
from sources.errors import ClioError, GrantRefusedError, SignInNeededError

from .refresh import Marker, Renewal, sign_in_lock
from .signed_in import comes_first, renewal, shown, sign_ins_text
from .signin import SignIn


def run_logout(context: Context, sources: Sequence[str]) -> Outcome:
    """Revoke the sign-ins of some products at Clio, and drop them here in any case.

    Raises:
        ClioError: what is kept here cannot be reached.

    """
    outcome = Outcome("auth logout", context.clock.now())
    for source in sources:
        with hints_for(source):
            state = _signed_out(context, source, outcome)
        if comes_first(context, source):
            context.reporter.note(
                f"SOURCES__{source.upper()}__ACCESS_TOKEN is set and stays in use."
            )
        outcome.results = [*outcome.results, shown(source, state, "-")]
    outcome.exit_code = max((error.exit_code for _, error in outcome.errors), default=0)
    outcome.text = sign_ins_text(outcome.results)
    outcome.finished_at = context.clock.now()
    return outcome


def _signed_out(context: Context, source: str, outcome: Outcome) -> str:
    kept = renewal(context, source)
    if not context.settings.data_dir.is_dir():
        return "nobody"
    with sign_in_lock(context.settings.data_dir, source) as marker:
        try:
            text = kept.store.read()
            if text is None:
                return "nobody"
            _revoke(kept, SignIn.read(text), marker)
        except ClioError as error:
            outcome.errors.append((source, NotRevokedError(str(error))))
        kept.store.delete()
        marker.clear()
    return "signed_out"


def _revoke(kept: Renewal, found: SignIn, marker: Marker) -> None:
    """Make Clio forget a sign-in; one that it has forgotten already is as good."""
    if not found.is_for(kept.target):
        message = "it was made at another place than the settings name"
        raise SignInNeededError(message)
    oauth = kept.oauth()
    try:
        oauth.revoke(found.access_token, found.refresh_token)
    except SignInNeededError:
        # the access token alone may be over, and the refresh token alive
        try:
            fresh = kept.renewed(found, marker)
        except GrantRefusedError:
            return
        oauth.revoke(fresh.access_token, fresh.refresh_token)
