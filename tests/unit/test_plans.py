"""What is read next is decided by pure functions of what is stored and what was asked for."""

import datetime as dt
from dataclasses import replace

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.load.planning import (
    Choice,
    Rules,
    catalog_hash,
    child_plan,
    due_collections,
    is_due,
    plan_walk,
    watermark_after,
)
from pipelines.state.runs import Progress
from sources.clio_http.catalog import Collection
from sources.clio_http.plan import OVERLAP, STEP_BACK, List, Point, fields_hash, lists_of
from tests.unit.pages import CATALOG

NOW = pendulum.datetime(2026, 3, 2, 9, 0, 0)
MARK = NOW.subtract(hours=1)
MATTERS = CATALOG.loaded["matters"]
FULL = CATALOG.loaded["billable_clients"]
DAILY = CATALOG.loaded["contacts__daily"]
NO_RULES = Rules()
PLACE = "tok"
ordinary = st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2990, 1, 1))
moments = ordinary.map(lambda moment: pendulum.instance(moment, tz="UTC"))


def done(collection: Collection, watermark: pendulum.DateTime | None = MARK) -> Progress:
    """Return the progress of a collection that was read to its last page."""
    digest = fields_hash(collection, frozenset())
    return Progress(
        "clio_manage", collection.name, watermark, fields_hash=digest, completed_at=watermark
    )


def under_way(collection: Collection, mode: str = "incremental") -> Progress:
    """Return the progress of a collection whose walk was put down on its second list."""
    return replace(
        done(collection),
        walk_started_at=MARK,
        page_token=PLACE,
        mode=mode,
        since=MARK.subtract(hours=3) if mode == "incremental" else None,
        list_index=1,
        after_id=17,
    )


def test_a_first_walk_asks_for_everything() -> None:
    """Without a watermark there is no filter."""
    plan = plan_walk(MATTERS, Progress("clio_manage", "matters"), NO_RULES, Choice(), NOW)
    assert (plan.mode, plan.since, plan.started_at, plan.start) == ("first", None, NOW, Point())


def test_a_later_walk_asks_from_a_second_before_the_watermark() -> None:
    """`updated_since` may mean strictly after, so the filter steps back by a second."""
    plan = plan_walk(MATTERS, done(MATTERS), NO_RULES, Choice(), NOW)
    assert (plan.mode, plan.since) == ("incremental", MARK - STEP_BACK)
    assert STEP_BACK.total_seconds() == 1


def test_a_full_load_asks_for_everything_again() -> None:
    """`--full` sets no filter, and the walk is called full."""
    plan = plan_walk(MATTERS, done(MATTERS), NO_RULES, Choice(full=True), NOW)
    assert (plan.mode, plan.since) == ("full", None)


def test_a_list_without_updated_since_is_always_read_whole() -> None:
    """Its mode is its own; it has no filter, watermark or not."""
    for progress in (Progress("clio_manage", FULL.name), done(FULL)):
        plan = plan_walk(FULL, progress, NO_RULES, Choice(), NOW)
        assert (plan.mode, plan.since) == ("full", None)


def test_other_fields_need_a_full_walk() -> None:
    """When what is asked for changed since the last walk, every row is read again."""
    progress = replace(done(MATTERS), fields_hash="another")
    assert plan_walk(MATTERS, progress, NO_RULES, Choice(), NOW).mode == "full"

    left_out = Rules(left_out={"matters": frozenset({"description"})})
    plan = plan_walk(MATTERS, done(MATTERS), left_out, Choice(), NOW)
    assert (plan.mode, plan.left_out) == ("full", frozenset({"description"}))


def test_other_fields_end_a_walk_that_was_put_down() -> None:
    """A resume point of another set of fields is not used."""
    progress = replace(under_way(MATTERS), fields_hash="another")
    plan = plan_walk(MATTERS, progress, NO_RULES, Choice(), NOW)
    assert (plan.mode, plan.start, plan.started_at) == ("full", Point(), NOW)


def test_refused_fields_are_left_out_while_the_catalogue_is_the_same() -> None:
    """A refusal belongs to the catalogue entry that was refused."""
    entry = ("matters", catalog_hash(MATTERS))
    rules = Rules(
        left_out={"matters": frozenset({"description"})}, refused={entry: frozenset({"status"})}
    )
    plan = plan_walk(MATTERS, done(MATTERS), rules, Choice(), NOW)
    assert plan.left_out == {"description", "status"}

    older = Rules(refused={("matters", "another"): frozenset({"status"})})
    assert plan_walk(MATTERS, done(MATTERS), older, Choice(), NOW).left_out == frozenset()


def test_the_hash_of_fields_says_what_is_asked_and_how_it_is_stored() -> None:
    """Left-out fields, types, variants and keys count; an unused exclusion does not."""
    plain = fields_hash(MATTERS, frozenset())
    other_type = replace(MATTERS, fields=(replace(MATTERS.fields[0], type="VARCHAR"),))
    changed = {
        fields_hash(MATTERS, frozenset({"description"})),
        fields_hash(replace(MATTERS, key=("id", "etag")), frozenset()),
        fields_hash(replace(MATTERS, variants=({"a": "b"},)), frozenset()),
        fields_hash(other_type, frozenset()),
        plain,
    }
    assert len(changed) == 5
    assert fields_hash(MATTERS, frozenset({"no_such_field"})) == plain


@pytest.mark.parametrize("mode", ["first", "full", "incremental"])
def test_a_walk_that_was_put_down_is_gone_on_with(mode: str) -> None:
    """It keeps its own start and filter; only the run's moment is new."""
    progress = under_way(MATTERS, mode)
    plan = plan_walk(MATTERS, progress, NO_RULES, Choice(), NOW)

    assert plan.start == Point(1, PLACE, 17)
    assert (plan.mode, plan.started_at, plan.since) == (mode, MARK, progress.since)
    assert plan.run_at == NOW


def test_a_full_load_goes_on_with_a_full_walk_only() -> None:
    """An incremental walk under way is not what `--full` asks for."""
    full = plan_walk(MATTERS, under_way(MATTERS, "full"), NO_RULES, Choice(full=True), NOW)
    assert full.start.after == 17
    other = plan_walk(MATTERS, under_way(MATTERS), NO_RULES, Choice(full=True), NOW)
    assert (other.mode, other.start, other.started_at) == ("full", Point(), NOW)


def test_a_daily_walk_is_gone_on_with_on_its_day_only() -> None:
    """Half a day's copy is not finished with another day's rows."""
    progress = under_way(DAILY, "daily")
    assert plan_walk(DAILY, progress, NO_RULES, Choice(), NOW).start.after == 17
    tomorrow = plan_walk(DAILY, progress, NO_RULES, Choice(), NOW.add(days=1))
    assert tomorrow.start == Point()


def test_a_watermark_in_the_future_means_a_full_walk() -> None:
    """Going on from it would skip changes."""
    progress = done(MATTERS, NOW.add(seconds=1))
    plan = plan_walk(MATTERS, progress, NO_RULES, Choice(), NOW)
    assert (plan.mode, plan.since) == ("full", None)
    assert watermark_after(plan, progress.watermark) < NOW


@given(started=moments, later=st.integers(0, 10**6), minutes=st.integers(0, 600))
def test_the_watermark_is_the_start_less_the_overlap_and_never_falls(
    started: pendulum.DateTime, later: int, minutes: int
) -> None:
    """Never the greatest stamp seen, never the end of the run. It never falls, but after a walk
    that read everything: that one rests on no earlier watermark.
    """
    assert OVERLAP.total_seconds() == 15 * 60
    first = plan_walk(MATTERS, Progress("", "matters"), NO_RULES, Choice(), started)
    assert watermark_after(first, None) == started - OVERLAP

    previous = started.subtract(minutes=minutes)
    again = plan_walk(MATTERS, done(MATTERS, previous), NO_RULES, Choice(), started)
    resumed = replace(again, run_at=started.add(seconds=later))
    assert again.mode == "incremental"
    for plan in (again, resumed):
        assert watermark_after(plan, previous) == max(previous, started - OVERLAP)


def test_what_is_due_once_a_day_is_not_due_again_today() -> None:
    """Cadence counts days in UTC, from the walk that was completed last."""
    rules = Rules(daily_cadence=frozenset({"currencies"}))
    currencies = CATALOG.loaded["currencies"]
    today, yesterday = done(currencies), done(currencies, NOW.subtract(days=1))

    assert not is_due(currencies, today, rules, NOW)
    assert is_due(currencies, today, NO_RULES, NOW)
    assert is_due(currencies, yesterday, rules, NOW)
    assert is_due(currencies, replace(today, completed_at=None), rules, NOW)
    assert not is_due(DAILY, done(DAILY), NO_RULES, NOW)
    assert is_due(DAILY, done(DAILY), NO_RULES, NOW.add(days=1))


def test_a_choice_overrides_the_cadence() -> None:
    """`--resource` reads what it names, `--all` and `--full` everything; children wait."""
    rules = Rules(daily_cadence=frozenset({"currencies"}))
    every = CATALOG.loaded.values()
    progress = {"currencies": done(CATALOG.loaded["currencies"]), DAILY.name: done(DAILY)}

    def chosen(choice: Choice) -> set[str]:
        return {c.name for c in due_collections(every, progress, rules, choice, NOW)}

    lists = {c.name for c in every if c.parent is None}
    assert chosen(Choice()) == lists - {"currencies", DAILY.name}
    assert chosen(Choice(every=True)) == chosen(Choice(full=True)) == lists
    assert chosen(Choice(frozenset({"currencies"}))) == {"currencies"}
    assert chosen(Choice(frozenset({"matter_contacts"}))) == set()


def test_each_variant_is_a_list_of_its_own() -> None:
    """A variant's parameters are sent; those that tell rows apart become columns."""
    assert lists_of(MATTERS, NOW) == (List("matters"),)
    regions = lists_of(CATALOG.loaded["lauk_expense_categories"], NOW)
    assert [dict(each.parameters) for each in regions] == [
        {"region": "London"},
        {"region": "Non-London"},
    ]
    assert [dict(each.constants) for each in regions] == [dict(each.parameters) for each in regions]
    assert [dict(each.constants) for each in lists_of(CATALOG.loaded["notes"], NOW)] == [{}, {}]


def test_a_daily_list_carries_the_servers_day() -> None:
    """The day is that of UTC at the start of the walk."""
    late = pendulum.datetime(2026, 3, 2, 23, 30, tz="America/New_York")
    (only,) = lists_of(DAILY, late)
    assert dict(only.constants)["day"] == pendulum.date(2026, 3, 3)


def test_a_child_walk_has_a_list_for_each_parent() -> None:
    """The parent's id stands in the path or in a required parameter, and in a column."""
    plan = child_plan(CATALOG.loaded["matter_contacts"], [7, 9], NO_RULES, NOW)
    assert [each.path for each in plan.lists] == ["matters/7/contacts", "matters/9/contacts"]
    assert [dict(each.constants) for each in plan.lists] == [{"matter__id": 7}, {"matter__id": 9}]
    assert (plan.mode, plan.since) == ("child", None)

    messages = CATALOG.loaded["conversation_messages"]
    (only,) = child_plan(messages, [5], NO_RULES, NOW).lists
    assert dict(only.parameters) == {"conversation_id": "5"}
    assert dict(only.constants) == {"conversation__id": 5}
    with pytest.raises(ValueError, match="has no parent"):
        child_plan(MATTERS, [1], NO_RULES, NOW)


@pytest.mark.parametrize("name", [DAILY.name, "currencies"])
@pytest.mark.parametrize(
    ("done_at", "now", "due"),
    [
        pytest.param("2026-03-30T23:05:00Z", "2026-03-31T23:00:00Z", True, id="minutes-early"),
        pytest.param("2026-03-30T23:59:59Z", "2026-03-31T00:00:00Z", True, id="over-midnight"),
        pytest.param("2026-03-31T00:00:00Z", "2026-03-31T23:59:59Z", False, id="same-day"),
        pytest.param("2026-03-31T23:59:59Z", "2026-04-01T00:00:01Z", True, id="month-end"),
        pytest.param("2026-03-31T02:00:00Z", "2026-03-31T02:00:00Z", False, id="at-once"),
        pytest.param("2025-03-31T12:00:00Z", "2026-03-31T12:00:00Z", True, id="a-year-ago"),
        pytest.param("2026-03-28T20:30:00-04:00", "2026-03-29T23:00:00Z", False, id="firm-west"),
        pytest.param("2026-03-29T00:30:00+01:00", "2026-03-29T00:30:00Z", True, id="clocks-change"),
        pytest.param("2026-10-25T01:30:00+01:00", "2026-10-25T01:30:00Z", False, id="hour-twice"),
        pytest.param("2026-03-31T23:30:00Z", "2026-03-31T22:00:00Z", True, id="done-in-future"),
    ],
)
def test_due_by_the_day_and_not_by_the_hour(
    name: str, done_at: str, now: str, *, due: bool
) -> None:
    """A nightly run that comes a few minutes early loses no month's end. The day is that of UTC,
    by which copies are kept, whatever zone a moment is told in.
    """
    collection = CATALOG.loaded[name]
    before, after = (pendulum.instance(dt.datetime.fromisoformat(text)) for text in (done_at, now))
    progress = replace(done(collection), completed_at=before)
    rules = Rules(daily_cadence=frozenset({"currencies"}))
    assert is_due(collection, progress, rules, after) is due


def test_copies_of_nights_that_come_ever_earlier() -> None:
    """A run five minutes earlier each night makes a copy for every day of the month."""
    progress, days = Progress("clio_manage", DAILY.name), set()
    for night in range(31):
        now = pendulum.datetime(2026, 3, 1, 23, 0, 0).add(days=night, minutes=-5 * night)
        if is_due(DAILY, progress, NO_RULES, now):
            plan = plan_walk(DAILY, progress, NO_RULES, Choice(), now)
            days.add(dict(plan.lists[0].constants)["day"])
            progress = replace(progress, completed_at=plan.started_at)
    assert len(days) == 31
