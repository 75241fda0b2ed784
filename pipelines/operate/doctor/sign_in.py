"""Checks that one answer of Clio settles: token, account, version, rate limit, clock."""

from collections.abc import Iterator

import pendulum

from pipelines.access.account import Identity, identity_of, is_other_account
from sources.clio_http.client import Answer
from sources.clio_http.limits import Report
from sources.clio_http.statuses import login
from sources.errors import ClioError, SignInNeededError, VersionRetiredError

from .line import FAIL, NOTE, OK, SIGN_IN, WARN, DoctorLine
from .session import ProductSession

ASK_WHO = "Add the permission to read users to the application in Clio, then"
DRIFTS, WRONG = 60.0, 900.0
"""Seconds between this machine's clock and Clio's above which a line warns, and fails."""
VERSION = "x-api-version"


def refusal(error: ClioError) -> DoctorLine:
    """Say why a product could not be asked at all."""
    signs_in = (
        isinstance(error, SignInNeededError) or error.exit_code == SignInNeededError.exit_code
    )
    check = SIGN_IN if signs_in else "api_version"
    check = check if signs_in or isinstance(error, VersionRetiredError) else "collections"
    return DoctorLine(check, FAIL, str(error), error.hint)


def lines_of(session: ProductSession, pinned: Identity | None) -> Iterator[DoctorLine]:
    """Ask whose token this is, and judge all that the answer says.

    Raises:
        ClioError: Clio does not accept the token, or could not be reached.

    """
    answer = session.who_am_i()
    asked = session.client.requests
    yield DoctorLine(SIGN_IN, OK, f"{session.client.settings.origin.host} accepts the token").after(
        asked
    )
    found = identity_of(answer.body) if answer else Identity()
    yield account(session.source, found, pinned)
    if answer is not None:
        yield api_version(session, answer)
        yield rate_limit(session, answer)
    yield clock(session.client.server_time, session.clock.now())


def account(source: str, now: Identity, pinned: Identity | None) -> DoctorLine:
    """Hold the token's account, user and rights against those of the warehouse."""
    if not now.user_id:
        what = "Clio does not tell this token whose it is"
        return DoctorLine("account", WARN, what, f"{ASK_WHO} {login(source)}")
    what = f"account {now.account_id or 'not told'}, user {now.user_id}"
    if is_other_account(pinned, now):
        told = pinned.account_id if pinned else ""
        fix = f"{login(source)}, as a user of that account; or another CLIO_SYNC__DATA_DIR"
        return DoctorLine("account", FAIL, f"{what}, but the warehouse holds account {told}", fix)
    if pinned is not None and (pinned.user_id, pinned.rights) != (now.user_id, now.rights):
        what = f"{what}; the warehouse was proved with user {pinned.user_id} and other rights"
        return DoctorLine("account", WARN, what, "clio-sync sweep --accept-user")
    return DoctorLine("account", OK, what)


def api_version(session: ProductSession, answer: Answer) -> DoctorLine:
    """Hold the version that answered against the one that was asked for."""
    sent = {name.lower(): value for name, value in session.client.settings.headers.items()}
    asked, told = sent.get(VERSION, ""), answer.headers.get(VERSION, "")
    if not asked:
        return DoctorLine("api_version", NOTE, "no version is asked for")
    if not told:
        what = f"{asked} was asked for, and Clio does not say which one answered"
        # Grow's documents promise no echo
        promised = session.client.settings.pace is None
        fix = "clio-sync sweep, which shows whether what is read still fits"
        return (
            DoctorLine("api_version", WARN, what, fix)
            if promised
            else DoctorLine("api_version", NOTE, what)
        )
    if told != asked:
        what = f"{asked} was asked for, and {told} answered"
        return DoctorLine("api_version", FAIL, what, "Install a newer clio-sync.")
    return DoctorLine("api_version", OK, f"{told}, as was asked for")


def rate_limit(session: ProductSession, answer: Answer) -> DoctorLine:
    """Say how many requests Clio allows."""
    pace, report = session.client.settings.pace, Report.read(answer.headers)
    if pace is not None:
        what = f"{pace.requests} requests in {pace.seconds:.0f} second are counted here"
        return DoctorLine("rate_limit", NOTE, f"{what}: Clio does not say how many it allows")
    if report is None:
        what = "the answers do not say how many requests are left"
        return DoctorLine(
            "rate_limit", WARN, what, "Ask Clio; until then run one clio-sync at a time."
        )
    return DoctorLine(
        "rate_limit", OK, f"{report.limit} requests in a window, {report.remaining} left"
    )


def clock(server: pendulum.DateTime | None, local: pendulum.DateTime) -> DoctorLine:
    """Hold this machine's clock against the one of Clio's answers."""
    if server is None:
        return DoctorLine(
            "clock", FAIL, "the answers bear no date, so no load can begin", "Ask Clio."
        )
    seconds = (local - server).total_seconds()
    if abs(seconds) < DRIFTS:
        return DoctorLine("clock", OK, f"less than {DRIFTS:.0f} seconds from Clio's")
    way = "ahead of" if seconds > 0 else "behind"
    what = f"this machine's clock is {abs(seconds):,.0f} seconds {way} Clio's"
    fix = "Let this machine's clock be set by a time server (NTP)."
    return DoctorLine("clock", FAIL if abs(seconds) >= WRONG else WARN, what, fix)
