"""Checks that one answer of Clio settles: token, account, version, rate limit, clock."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pendulum

from pipelines.access.account import Identity, identity_of, is_other_account
from pipelines.access.client import open_client
from pipelines.context import Context
from pipelines.load import products
from pipelines.load.products import Product
from pipelines.progress import Lines
from sources.clio_http.client import Answer, ClioClient
from sources.clio_http.clock import Clock
from sources.clio_http.limits import Report
from sources.clio_http.statuses import login
from sources.errors import (
    ClioError,
    CollectionGoneError,
    FieldsRefusedError,
    MissingScopeError,
    RequestRefusedError,
    SignInNeededError,
    VersionRetiredError,
)

from .line import FAIL, NOTE, OK, SIGN_IN, WARN, DoctorLine

ASK_WHO = "Add the permission to read users to the application in Clio, then"
DRIFTS, WRONG = 60.0, 900.0
"""Seconds between this machine's clock and Clio's above which a line warns, and fails."""
VERSION = "x-api-version"


@dataclass(frozen=True)
class ProductSession:
    """An open product."""

    source: str
    product: Product
    client: ClioClient
    clock: Clock
    reporter: Lines

    def who_am_i(self) -> Answer | None:
        """Ask whose token this is, as a load does; None where Clio does not allow the question.

        Raises:
            ClioError: Clio does not accept the token, or could not be reached.

        """
        for parameters in self.product.clock_parameters:
            try:
                return self.client.get(self.product.clock_path, parameters)
            except FieldsRefusedError:
                continue
            except (MissingScopeError, CollectionGoneError, RequestRefusedError):
                break
        return None


@contextmanager
def opened(context: Context, source: str) -> Iterator[ProductSession]:
    """Open a product; a data folder that is not there is not made for it.

    Raises:
        ClioError: there is no token, or it may not be sent where the settings say.

    """
    product = products.product(source, context.settings.sources[source])
    with tempfile.TemporaryDirectory() as scratch:
        settings = context.settings
        if not settings.data_dir.exists():
            settings = replace(settings, data_dir=Path(scratch))
        with open_client(source, settings, context.clock, context.stop) as client:
            yield ProductSession(source, product, client, context.clock, context.reporter)


def refusal(error: ClioError) -> DoctorLine:
    """Say why a product could not be asked at all."""
    check = "api_version" if isinstance(error, VersionRetiredError) else "collections"
    if error.exit_code == SignInNeededError.exit_code:
        check = SIGN_IN
    return DoctorLine(check, FAIL, str(error), error.hint)


def lines_of(session: ProductSession, pinned: Identity | None) -> Iterator[DoctorLine]:
    """Ask whose token this is, and judge all that the answer says; raises as `who_am_i` does."""
    answer = session.who_am_i()
    what = f"{session.client.settings.origin.host} accepts the token"
    yield DoctorLine(SIGN_IN, OK, what, requests=session.client.requests)
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
        if session.client.settings.pace:  # Grow's documents promise no echo
            return DoctorLine("api_version", NOTE, what)
        fix = "clio-sync sweep, which shows whether what is read still fits"
        return DoctorLine("api_version", WARN, what, fix)
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
        fix = "Ask Clio; until then run one clio-sync at a time."
        return DoctorLine("rate_limit", WARN, what, fix)
    what = f"{report.limit} requests in a window, {report.remaining} left"
    return DoctorLine("rate_limit", OK, what)


def clock(server: pendulum.DateTime | None, local: pendulum.DateTime) -> DoctorLine:
    """Hold this machine's clock against the one of Clio's answers."""
    if server is None:
        what = "the answers bear no date, so no load can begin"
        return DoctorLine("clock", FAIL, what, "Ask Clio.")
    seconds = (local - server).total_seconds()
    if abs(seconds) < DRIFTS:
        return DoctorLine("clock", OK, f"less than {DRIFTS:.0f} seconds from Clio's")
    way = "ahead of" if seconds > 0 else "behind"
    what = f"this machine's clock is {abs(seconds):,.0f} seconds {way} Clio's"
    fix = "Let this machine's clock be set by a time server (NTP)."
    return DoctorLine("clock", FAIL if abs(seconds) >= WRONG else WARN, what, fix)
