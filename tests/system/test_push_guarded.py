"""Whether Clio keeps to If-Match: asked where a person wishes it, and seen where it shows."""

from pathlib import Path
from typing import Any

import pendulum
import pytest

from pipelines.ledger.errors import NotToldError, OverrunError, StopSwitchError, UnguardedError
from pipelines.ledger.ledger import Entry, Ledger
from pipelines.plan import context_check
from pipelines.plan.planning import CONTEXT
from pipelines.plan.review import ReviewAnswer
from sources.clio_http.catalog import read_catalog
from sources.clio_http.clock import SystemClock
from sources.clio_manage.writable import editables
from sources.clio_simulator import Simulator, When
from sources.clio_simulator.faults import Status
from tests.system.firm import QuickClock
from tests.system.history import NO_TAG
from tests.system.plain_engine import plain_engine
from tests.system.test_gateway import FirmBehindGateway
from tests.system.writing import SEED, Desk

pytestmark = pytest.mark.long

GUARDED = "select kind, body ->> '$.resource' from events where kind like 'resource_%' order by seq"


def planned(desk: Desk, *keys: int) -> str:
    """Plan a new description of matters, which nobody approved; gives the plan."""
    for key in keys:
        desk.propose("matters", key, "client_reference=R-1")
    return str(desk.plan().results[0]["plan"])


def planned_and_approved(desk: Desk, *keys: int) -> str:
    """Plan the same, and let another person approve it; gives the plan."""
    plan = planned(desk, *keys)
    assert desk.review(plan).exit_code == 0
    return plan


class InAMonth(QuickClock):
    """A clock that is 31 days on."""

    def now(self) -> pendulum.DateTime:
        """Return the time in 31 days."""
        return super().now().add(days=31)


def matters(desk: Desk, count: int) -> list[int]:
    """Return the ids of some matters."""
    return [int(row["id"]) for row in desk.firm.clio.dump("matters")[:count]]


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """Return a desk of which nobody knows yet whether its Clio keeps to If-Match."""
    desk.known = False
    return desk


def written(desk: Desk) -> list[tuple[str | None, int, bool]]:
    """Return what was written: the tag, the answer, and whether it had an effect."""
    return [(one.if_match, one.status, one.applied) for one in desk.firm.clio.writes]


def test_first_push_asks_first(desk: Desk, matter: int) -> None:
    """The first push to a collection asks with a wrong tag, which Clio refuses; then the approved
    PATCH leaves. The next push does not ask again, one after 30 days does.
    """
    tag = desk.record("matters", matter)["etag"]
    assert desk.push(planned_and_approved(desk, matter)).exit_code == 0
    assert written(desk) == [(NO_TAG, 412, False), (tag, 200, True)]
    assert desk.rows(GUARDED) == [("resource_probed", "matters"), ("resource_guarded", "matters")]
    _, second, third = matters(desk, 3)
    assert desk.push(planned_and_approved(desk, second)).exit_code == 0
    assert len(written(desk)) == 3
    desk.clock = InAMonth()
    assert desk.push(planned_and_approved(desk, third)).exit_code == 0
    assert [tag for tag, _, _ in written(desk)].count(NO_TAG) == 2


@pytest.mark.parametrize(("name", "value"), [("account", "other"), ("api_version", "4.0.1")])
def test_what_was_seen_elsewhere_is_not_known_here(
    desk: Desk, matter: int, name: str, value: str
) -> None:
    """What another account or another version of the API did says nothing of this one."""
    about = {**desk.place, "resource": "matters", name: value}
    with Ledger.open(desk.firm.folder, SystemClock()) as ledger:
        ledger.record("ana", Entry("resource_guarded", about))
    assert desk.push(planned_and_approved(desk, matter)).exit_code == 0
    assert [status for _, status, _ in written(desk)] == [412, 200]


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 428])
def test_any_other_answer_stops(desk: Desk, matter: int, status: int) -> None:
    """An answer other than 412 leaves the guard unknown: exit code 5, and no edit is sent."""
    plan = planned_and_approved(desk, matter)
    desk.firm.clio.faults.add(Status(status), "matters/*", method="PATCH", times=9)
    with pytest.raises(UnguardedError) as refused:
        desk.push(plan)
    assert refused.value.exit_code == 5
    assert {tag for tag, _, _ in written(desk)} <= {NO_TAG}
    assert set(desk.states().values()) == {"approved"}


def test_server_that_takes_no_empty_write(desk: Desk, matter: int) -> None:
    """Where Clio refuses the empty write itself, the value that the record has is sent, with the
    same wrong tag, so that nothing could be changed by it.
    """
    plan = planned_and_approved(desk, matter)
    desk.firm.clio.faults.add(Status(400), "matters/*", method="PATCH")
    assert desk.push(plan).exit_code == 0
    assert [status for _, status, _ in written(desk)][-2:] == [412, 200]
    assert [asked.headers["if-match"] for asked in desk.patches][:2] == [NO_TAG, NO_TAG]


def test_first_push_to_a_server_that_ignores_the_tag(desk: Desk, matter: int) -> None:
    """W12 as found: a server that takes a wrong tag gets no edit, and keeps what it had."""
    plan = planned_and_approved(desk, matter)
    before = desk.record("matters", matter)["client_reference"]
    desk.firm.clio.switches.if_match_ignored.add("matters")
    with pytest.raises(UnguardedError):
        desk.push(plan)
    assert desk.record("matters", matter)["client_reference"] == before
    assert len(desk.patches) == 1


def test_probe_of_a_guarded_collection(desk: Desk, matter: int) -> None:
    """The probe needs no approval, changes nothing, sends no edit, and is sent once for a host."""
    plan = planned(desk, matter)
    before = desk.record("matters", matter)
    outcome = desk.probe(plan)
    assert (outcome.exit_code, outcome.errors) == (0, [])
    assert [(one["resource"], one["guarded"]) for one in outcome.results] == [("matters", True)]
    assert [(w.if_match, w.status, w.applied) for w in desk.firm.clio.writes] == [
        (NO_TAG, 412, False)
    ]
    assert desk.record("matters", matter) == before
    assert set(desk.states().values()) == {"planned"}
    assert desk.rows(GUARDED) == [("resource_probed", "matters"), ("resource_guarded", "matters")]
    assert desk.probe(plan).exit_code == 0
    assert len(desk.firm.clio.writes) == 1


def test_probe_asks_each_collection_that_is_not_known(desk: Desk, matter: int) -> None:
    """One write for each collection of the plan; what is known is not asked again."""
    desk.probe(planned(desk, matter))
    contact = int(desk.firm.clio.dump("contacts")[0]["id"])
    desk.propose("contacts", contact, "title=Dr")
    plan = str(desk.plan(again=True).results[0]["plan"])
    assert desk.probe(plan).exit_code == 0
    assert [one.collection for one in desk.firm.clio.writes] == ["matters", "contacts"]


def test_unguarded(desk: Desk, matter: int) -> None:
    """W12: a server that takes a wrong tag stores nothing of the probe; pushes to the collection
    are refused until it is asked anew and refuses.
    """
    plan = planned(desk, matter)
    desk.review(plan)
    before = desk.record("matters", matter)
    desk.firm.clio.switches.if_match_ignored.add("matters")
    outcome = desk.probe(plan)
    assert outcome.exit_code == 5
    assert isinstance(outcome.errors[0][1], UnguardedError)
    assert desk.record("matters", matter) == before
    with pytest.raises(UnguardedError):
        desk.push(plan)
    assert len(desk.patches) == 1
    assert set(desk.states().values()) == {"approved"}
    desk.firm.clio.switches.if_match_ignored.clear()
    assert desk.probe(plan).exit_code == 0
    assert desk.push(plan).exit_code == 0
    assert desk.record("matters", matter)["client_reference"] == "R-1"


def test_probe_that_is_not_answered(desk: Desk, matter: int) -> None:
    """Where Clio does not say, nothing is known, and the same can be asked again."""
    plan = planned(desk, matter)
    desk.firm.clio.faults.add(Status(503), "matters/*", method="PATCH")
    outcome = desk.probe(plan)
    assert outcome.exit_code == 4
    assert isinstance(outcome.errors[0][1], NotToldError)
    assert desk.rows(GUARDED) == [("resource_probed", "matters")]
    assert desk.probe(plan).exit_code == 0


def test_stop_switch_stops_the_probe(desk: Desk, matter: int) -> None:
    """With the file STOP not even a probe is sent."""
    plan = planned(desk, matter)
    (desk.firm.folder / "STOP").touch()
    with pytest.raises(StopSwitchError):
        desk.probe(plan)
    assert desk.patches == []


def test_overrun_is_seen(desk: Desk) -> None:
    """An accepted write whose answer shows another context than the approved one marks the
    collection in the step that ends the attempt, ends the push with 6 and needs a person.
    """
    desk.known = True
    first, second = matters(desk, 2)
    plan = planned(desk, first, second)
    desk.review(plan)
    clio = desk.firm.clio
    clio.switches.if_match_ignored.add("matters")
    when = When.before_request("PATCH", "matters", first)
    clio.changes.update("matters", first, {"description": "Theirs"}, when=when)
    outcome = desk.push(plan)
    assert outcome.exit_code == 6
    assert [type(error) for _, error in outcome.errors] == [OverrunError]
    assert len(desk.patches) == 1
    assert sorted(desk.states().values()) == ["approved", "needs_human"]
    assert desk.rows(GUARDED)[-1] == ("resource_unguarded", "matters")
    ended, marked = desk.rows(
        "select seq, at from events where kind in ('attempt_ended', 'resource_unguarded')"
        " order by seq"
    )
    assert marked[0] == ended[0] + 1
    with pytest.raises(UnguardedError):
        desk.push(plan)
    assert len(desk.patches) == 1


@pytest.mark.parametrize(
    ("resource", "change"),
    [
        ("contacts", "first_name=Other"),
        ("matters", "status=closed"),
        ("matters", "description=Other"),
        ("tasks", "status=complete"),
    ],
)
def test_what_follows_from_the_edit_is_no_alarm(desk: Desk, resource: str, change: str) -> None:
    """What Clio works out anew because of what was written is not taken for another version."""
    rows = desk.firm.clio.dump(resource)
    kind = {"contacts": ("type", "Person"), "matters": ("status", "Open")}
    name, value = kind.get(resource, ("status", "pending"))
    row = next(one for one in rows if one[name] == value)
    desk.propose(resource, row["id"], change)
    plan = str(desk.plan().results[0]["plan"])
    desk.review(plan, ReviewAnswer(("all",), (), "as agreed"))
    outcome = desk.push(plan)
    assert outcome.exit_code == 0, outcome.errors
    assert {kind for kind, _ in desk.rows(GUARDED)} == {"resource_probed", "resource_guarded"}


def test_side_effects_elsewhere_are_no_alarm(desk: Desk, matter: int) -> None:
    """A field that the approver did not see may change along with the one that was written."""
    effects = {"matters.client_reference": {"location": "moved"}}
    desk.firm.clio.switches.side_effects = effects
    plan = planned(desk, matter)
    desk.review(plan)
    assert desk.push(plan).exit_code == 0
    assert set(desk.states().values()) == {"applied"}
    assert desk.firm.differences("matters") == []


def test_context_under_the_same_etag(desk: Desk, matter: int) -> None:
    """W32: what the approver saw beside the change is compared before it is sent, for an etag need
    not cover it; a change of it is a conflict.
    """
    plan = planned(desk, matter)
    desk.review(plan)
    changes: Any = desk.firm.clio.changes
    changes.update("matters", matter, {"description": "Theirs"}, silent=True, keep_etag=True)
    assert desk.push(plan).exit_code == 6
    assert desk.patches == []
    assert set(desk.states().values()) == {"conflicted"}


def test_gateway_is_asked_first(tmp_path: Path) -> None:
    """Through the gateway nothing is pushed before a probe was refused: nobody documents that it
    passes If-Match on.
    """
    with plain_engine(), Simulator(SEED, rate_limit=0) as clio:
        desk = Desk(FirmBehindGateway(clio, tmp_path / "data"), known=False)
        assert desk.firm.load("matters", "custom_fields").exit_code == 0
        plan = planned(desk, *matters(desk, 1))
        desk.review(plan)
        assert desk.push(plan).exit_code == 0
        assert [(one.status, one.applied) for one in clio.writes] == [(412, False), (200, True)]


def test_what_follows_is_of_fields_that_are_there() -> None:
    """The table names only fields that an approver sees, and fields that an edit may change."""
    catalog = read_catalog("clio_manage")
    for name, causes in context_check.FOLLOWS.items():
        resource, _, top = name.partition(".")
        assert top in {shown.partition(".")[0] for shown in CONTEXT[resource]}
        tops = {one.path[0] for one in editables(catalog, resource).values()}
        assert causes <= tops
