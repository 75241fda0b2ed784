"""A second, independent reading decides what became of a record that a walk did not show."""

import json
from collections.abc import Iterator, Sequence

import pendulum
import pytest

from pipelines.load.planning import Rules, child_plan, plan_sweep
from sources.clio_http.api import ClientSettings
from sources.clio_http.client import ClioClient
from sources.clio_http.confirm import Confirmation, confirm
from sources.clio_http.misfits import key_texts
from sources.clio_http.retry import Policy
from sources.clio_http.secret import Secret
from sources.clio_http.walks import Walk
from sources.clio_simulator import Seed, Simulator
from sources.clio_simulator.faults import Cut, Html, Status, Value
from sources.errors import BudgetSpent, ClioError, SignInNeededError, UnavailableError
from tests.unit.http_loopback import FakeClock
from tests.unit.pages import CATALOG

NOW = pendulum.datetime(2026, 3, 31, 12, 0, 0)
BY_ID, BY_IDS, BY_WALK = "tasks", "line_items", "internal_notifications_my_events"
GONE = {
    BY_ID: "not found by its id",
    BY_IDS: "not found by ids[]",
    BY_WALK: "absent from a second complete walk",
}
ONE_OF_EACH = pytest.mark.parametrize("name", [BY_ID, BY_IDS, BY_WALK])


@pytest.fixture
def clio() -> Iterator[Simulator]:
    """Return a Clio."""
    with Simulator(Seed(7, matters=4), rate_limit=0) as simulator:
        yield simulator


@pytest.fixture
def client(clio: Simulator) -> Iterator[ClioClient]:
    """Return a client of it that asks twice at most."""
    chosen = ClientSettings(
        "clio_manage", clio.url, "/api/v4", Secret(clio.token), policy=Policy(attempts=2)
    )
    with ClioClient(chosen, FakeClock()) as opened:
        yield opened


def walked(client: ClioClient, name: str) -> Walk:
    """Walk a collection to its end."""
    walk = Walk(client, plan_sweep(CATALOG.loaded[name], None, Rules(), NOW), FakeClock())
    assert list(walk.readings())
    assert walk.complete
    return walk


def keys(clio: Simulator, name: str) -> list[int]:
    """Return the ids of a collection."""
    return sorted(clio.store[name].rows)


def shown(walk: Walk, answer: Confirmation) -> list[str]:
    """Return the keys of the rows that are there after all."""
    if answer.present is None or not answer.present.table.num_rows:
        return []
    found: list[str] = key_texts(answer.present.table, walk.plan.collection).to_pylist()
    return sorted(found)


def shown_keys(walk: Walk) -> list[str]:
    """Return the keys that a walk of the collection shows now."""
    again = Walk(walk.client, walk.plan, walk.clock)
    tables = [one.table for one in again.readings() if one.table.num_rows]
    return [key for table in tables for key in key_texts(table, walk.plan.collection).to_pylist()]


def requests(clio: Simulator, since: int) -> list[tuple[str, str]]:
    """Return path and query of what was asked since."""
    return [(asked.path, asked.query) for asked in clio.requests[since:]]


@ONE_OF_EACH
def test_nothing_to_ask(clio: Simulator, client: ClioClient, name: str) -> None:
    """Without keys nothing is sent."""
    walk = walked(client, name)
    since = len(clio.requests)
    assert confirm(walk, []) == Confirmation()
    assert len(clio.requests) == since


@ONE_OF_EACH
def test_gone_and_there(clio: Simulator, client: ClioClient, name: str) -> None:
    """What is not there is gone, with the evidence; what is there comes as a reading that moves
    no walk on, with the fields of the walk.
    """
    walk = walked(client, name)
    before = shown_keys(walk)
    clio.changes.remove(name, keys(clio, name)[0])
    after = shown_keys(walk)
    (gone,) = set(before) - set(after)
    answer = confirm(walk, [gone, after[0]])
    assert answer.gone == {gone: GONE[name]}
    assert shown(walk, answer) == [after[0]]
    assert (answer.undecided, answer.unasked, answer.error) == ([], [], None)
    assert answer.present is not None
    assert answer.present.rows == 1
    assert set(answer.present.table.column_names) == {c.name for c in walk.plan.collection.columns}


def test_many_keys_are_asked_for_in_blocks(clio: Simulator, client: ClioClient) -> None:
    """By `ids[]`, as many at a time as a page holds, in each of the lists of a collection."""
    walk = walked(client, BY_IDS)
    wanted = shown_keys(walk)[:250]
    for key in wanted[:3]:
        clio.changes.remove(BY_IDS, int(key))
    since = len(clio.requests)
    answer = confirm(walk, wanted)
    assert sorted(answer.gone) == sorted(wanted[:3])
    assert shown(walk, answer) == sorted(wanted[3:])
    sent = [query.count("ids%5B%5D=") for _, query in requests(clio, since)]
    assert sent == [200, 50]


def test_record_that_may_not_be_seen(clio: Simulator, client: ClioClient) -> None:
    """403 decides nothing about that record; the next ones are asked for all the same."""
    walk = walked(client, BY_ID)
    hidden, gone = keys(clio, BY_ID)[:2]
    clio.switches.hidden_answer = 403
    clio.changes.hide(BY_ID, hidden)
    clio.changes.remove(BY_ID, gone)
    answer = confirm(walk, [str(hidden), str(gone)])
    assert answer.undecided == [str(hidden)]
    assert answer.gone == {str(gone): GONE[BY_ID]}
    assert (answer.unasked, answer.error) == ([], None)


def test_token_that_ran_out(clio: Simulator, client: ClioClient) -> None:
    """What was answered before counts; the failed question and those after it stay unasked."""
    walk = walked(client, BY_ID)
    gone = [str(key) for key in keys(clio, BY_ID)[:3]]
    for key in gone:
        clio.changes.remove(BY_ID, int(key))
    clio.faults.add(Status(401), f"tasks/{gone[1]}", times=None)
    answer = confirm(walk, gone)
    assert list(answer.gone) == gone[:1]
    assert answer.unasked == gone[1:]
    assert isinstance(answer.error, SignInNeededError)


def test_server_that_fails(clio: Simulator, client: ClioClient) -> None:
    """A record that cannot be reached is undecided and holds up no other; after three in a row no
    further one is asked for.
    """
    walk = walked(client, BY_ID)
    gone = [str(key) for key in keys(clio, BY_ID)[:6]]
    for key in gone:
        clio.changes.remove(BY_ID, int(key))
    for key in (gone[1], *gone[3:]):
        clio.faults.add(Status(500), f"tasks/{key}", times=None)
    answer = confirm(walk, gone)
    assert list(answer.gone) == [gone[0], gone[2]]
    assert answer.undecided == [gone[1], *gone[3:5]]
    assert answer.unasked == gone[5:]
    assert isinstance(answer.error, UnavailableError)


def test_another_record_answers(clio: Simulator, client: ClioClient) -> None:
    """A record that answers in the place of one that was asked for is the one that it was merged
    into, if it answers as itself; else it proves nothing.
    """
    walk = walked(client, BY_ID)
    asked, other = keys(clio, BY_ID)[:2]
    clio.changes.remove(BY_ID, asked)
    survivor = json.dumps({"data": {"id": other, "etag": '"1"', "name": "the survivor"}})
    clio.faults.add(Status(200, body=survivor), f"tasks/{asked}", times=None)
    answer = confirm(walk, [str(asked)])
    assert answer.gone == {str(asked): f"answers as {other}"}
    clio.faults.add(Status(404), f"tasks/{other}", times=None)
    answer = confirm(walk, [str(asked)])
    assert (answer.gone, answer.undecided, answer.present) == ({}, [str(asked)], None)


def test_answer_that_cannot_be_read(clio: Simulator, client: ClioClient) -> None:
    """A page that is not Clio's says neither that a record is there nor that it is gone."""
    walk = walked(client, BY_ID)
    first, second = (str(key) for key in keys(clio, BY_ID)[:2])
    clio.changes.remove(BY_ID, int(second))
    clio.faults.add(Html(), f"tasks/{first}", times=None)
    answer = confirm(walk, [first, second])
    assert first not in answer.gone
    assert first in answer.undecided + answer.unasked


@pytest.mark.parametrize("name", [BY_IDS, BY_WALK])
def test_second_list_that_fails(clio: Simulator, client: ClioClient, name: str) -> None:
    """A list that was not read to its end the second time decides nothing at all."""
    walk = walked(client, name)
    before = shown_keys(walk)
    clio.changes.remove(name, keys(clio, name)[0])
    clio.faults.add(Cut(), CATALOG.loaded[name].path, times=None)
    answer = confirm(walk, before)
    assert (answer.gone, answer.present, answer.undecided) == ({}, None, [])
    assert answer.unasked == before
    assert isinstance(answer.error, ClioError)


@ONE_OF_EACH
def test_budget_that_is_spent(clio: Simulator, client: ClioClient, name: str) -> None:
    """Without a request left nothing is asked for and nothing is decided."""
    walk = walked(client, name)
    before = shown_keys(walk)[:2]
    client.allowance.left = 0
    answer = confirm(walk, before)
    assert (answer.gone, answer.unasked) == ({}, before)
    assert isinstance(answer.error, BudgetSpent)


@pytest.mark.parametrize(("name", "field"), [(BY_ID, "due_at"), (BY_IDS, "date")])
def test_record_that_does_not_fit(
    clio: Simulator, client: ClioClient, name: str, field: str
) -> None:
    """It is there, so it is not gone; what it says goes into quarantine."""
    walk = walked(client, name)
    key = keys(clio, name)[0]
    clio.changes.update(name, key, {field: "soon"})
    answer = confirm(walk, [str(key)])
    assert answer.gone == {}
    assert answer.present is not None
    told = [(misfit.record_id, misfit.field) for misfit in answer.present.misfits]
    assert told == [(str(key), field)]
    assert shown(walk, answer) == [str(key)]


def child_walk(client: ClioClient, parents: Sequence[int]) -> Walk:
    """Walk the contacts of some matters."""
    plan = child_plan(CATALOG.loaded["matter_contacts"], parents, Rules(), NOW)
    walk = Walk(client, plan, FakeClock())
    assert list(walk.readings())
    return walk


def test_second_walk_of_child_lists(clio: Simulator, client: ClioClient) -> None:
    """Only the lists of those parents are read again whose entries are in question."""
    parents = keys(clio, "matters")
    walk = child_walk(client, parents)
    relation = min(clio.store["relationships"].rows.values(), key=lambda row: row["id"])
    matter, contact = relation["matter"], relation["contact"]
    client_of = clio.store["matters"].rows[matter]["client"]
    clio.changes.remove("relationships", relation["id"])
    since = len(clio.requests)
    # the client has no relationship with the matter
    asked = [f"{matter},{contact},{relation['id']}", f"{matter},{client_of},0"]
    answer = confirm(walk, asked, dict.fromkeys(asked, str(matter)))
    assert [path for path, _ in requests(clio, since)] == [
        f"/api/v4/matters/{matter}/contacts.json"
    ]
    assert answer.gone == {asked[0]: GONE[BY_WALK]}
    assert shown(walk, answer) == [asked[1]]


def test_row_that_does_not_fit_in_a_list_with_two_keys(clio: Simulator, client: ClioClient) -> None:
    """Of a key with two parts too little is known of it: whatever is absent may be that row."""
    name = "lauk_expense_categories"
    walk = walked(client, name)
    before = shown_keys(walk)
    gone = keys(clio, name)[0]
    clio.changes.remove(name, gone)
    clio.faults.add(Value("etag", "{}"), name, times=None)
    answer = confirm(walk, [f"London,{gone}"])
    assert f"London,{gone}" in before
    assert (answer.gone, answer.undecided) == ({}, [f"London,{gone}"])
