"""What Clio refuses to be asked with is asked for once more without it."""

from dataclasses import replace

import pytest

from sources.clio_http.catalog import ORDER
from sources.errors import BrokenWalkError, ParameterRefusedError, RequestRefusedError
from tests.unit.picky import CATALOG, Picky, nothing, planned, sent, walked


def test_order_that_is_refused_is_not_sent_again() -> None:
    """A 400 that names `order` costs one request more; ids need not rise then."""
    found = walked(Picky({"order": nothing}, [{"id": 5}, {"id": 2}]), planned("tasks"))
    assert found.walk.complete
    assert found.ids == [5, 2]
    assert sent(found.asked, "order") == [ORDER, None]
    assert found.walk.given_up == {"order"}
    assert not found.walk.keys_rise


def test_order_is_known_by_its_value() -> None:
    """Words that hold `id(asc)` alone are about the order."""
    picky = Picky({"order": nothing}, says="id(asc) is not one of the values")
    assert walked(picky, planned("tasks")).walk.given_up == {"order"}


def test_what_is_known_is_not_asked_again() -> None:
    """A plan that knows what was refused sends one request."""
    plan = replace(planned("tasks"), not_taken=frozenset({"order", "limit=200"}))
    found = walked(Picky({"order": nothing, "limit": lambda text: int(text) <= 100}), plan)
    assert len(found.asked) == 1
    assert sent(found.asked, "limit") == ["100"]
    assert found.walk.given_up == frozenset()


@pytest.mark.parametrize("status", [400, 422])
def test_limit_is_halved_until_it_is_taken(status: int) -> None:
    """A list with a lower maximum is read in pages of that size or less."""
    picky = Picky({"limit": lambda text: int(text) <= 60}, status=status)
    found = walked(picky, planned("tasks"))
    assert found.walk.complete
    assert sent(found.asked, "limit") == ["200", "100", "50"]
    assert found.walk.given_up == {"limit=200", "limit=100"}


@pytest.mark.parametrize("status", [400, 422])
def test_type_is_sent_in_lower_case_where_that_alone_is_known(status: int) -> None:
    """`type=Matter` and `type=Contact` are each asked once more in lower case."""
    picky = Picky({"type": str.islower}, status=status)
    found = walked(picky, planned("notes"))
    assert found.walk.complete
    assert sent(found.asked, "type") == ["Matter", "matter", "Contact", "contact"]
    assert found.walk.given_up == {"type=Matter", "type=Contact"}


def test_type_that_is_refused_in_any_case_is_an_error() -> None:
    """A required parameter is never left out."""
    found = walked(Picky({"type": nothing}), planned("notes"))
    assert isinstance(found.walk.error, RequestRefusedError)
    assert sent(found.asked, "type") == ["Matter", "matter"]
    assert found.walk.given_up == frozenset()


def test_what_makes_a_list_the_widest_may_be_given_up() -> None:
    """Without `include_deleted` the list is still one of documents."""
    found = walked(Picky({"include_deleted": nothing}), planned("documents"))
    assert found.walk.complete
    assert sent(found.asked, "include_deleted") == ["true", None]
    assert sent(found.asked, "show_uncompleted") == ["true", "true"]
    assert found.walk.given_up == {"include_deleted"}


def test_lists_that_differ_in_what_is_given_up_are_read_once() -> None:
    """Without `archived` both lists of groups are one: it is not read twice."""
    found = walked(Picky({"archived": nothing}), planned("groups"))
    assert found.walk.complete
    assert sent(found.asked, "archived") == ["false", None]
    assert found.ids == [2, 5]


def test_what_a_list_is_made_of_is_never_given_up() -> None:
    """Without `status` the written-off activities would be all activities."""
    found = walked(Picky({"status": nothing}), planned("activities_written_off"))
    assert isinstance(found.walk.error, ParameterRefusedError)
    assert len(found.asked) == 1


def test_without_updated_since_the_walk_is_a_full_one() -> None:
    """The plan says so, so that nothing between is taken for seen."""
    found = walked(Picky({"updated_since": nothing}), planned("tasks", since=True))
    assert found.walk.complete
    assert sent(found.asked, "updated_since") == ["2026-03-02T08:00:00Z", None]
    assert (found.walk.plan.mode, found.walk.plan.since) == ("full", None)
    assert found.walk.given_up == {"updated_since"}


def test_refusal_of_something_else_is_an_error() -> None:
    """Words that name no parameter lead to no second try."""
    picky = Picky({"limit": nothing}, says="something is amiss with O'Brien")
    found = walked(picky, planned("tasks"))
    assert type(found.walk.error) is RequestRefusedError
    assert len(found.asked) == 1


def test_error_repeats_no_name_of_a_client() -> None:
    """Type, ordinary words and names of parameters are told; all else is left out."""
    picky = Picky({"status": nothing}, says="The {name} written_off of O'Brien 7741 is not valid")
    error = walked(picky, planned("activities_written_off")).walk.error
    assert str(error) == (
        "GET /activities was answered with 400: ArgumentError: The status … of …' … is not valid"
    )
    assert "sources.clio_manage.off" in (error.hint if error else "")


def test_presets_are_asked_for_without_an_order() -> None:
    """The list documents ten orders, and `id(asc)` is none of them."""
    found = walked(Picky({}, [{"id": 9}, {"id": 3}]), planned("report_presets"))
    assert found.walk.complete
    assert sent(found.asked, "order") == [None]
    assert not found.walk.keys_rise


def test_lists_that_document_no_order_may_come_in_any() -> None:
    """They are asked for by id, and what they answer need not rise."""
    assert CATALOG.loaded["line_items"].rises == ""
    found = walked(Picky({}, [{"id": 9}, {"id": 3}]), planned("line_items"))
    assert found.walk.complete
    assert sent(found.asked, "order") == [ORDER]


def test_key_that_stands_twice_on_a_page_is_an_error() -> None:
    """Whatever the order: two records with one id cannot both be stored."""
    rows = [{"id": 9, "note": "a"}, {"id": 9, "note": "b"}]
    found = walked(Picky({}, rows), planned("line_items"))
    assert isinstance(found.walk.error, BrokenWalkError)
    assert str(found.walk.error) == "page 1 holds a record twice"


def test_the_same_row_twice_costs_nothing() -> None:
    """Where no order is promised, a row that comes again says nothing new."""
    found = walked(Picky({}, [{"id": 9}, {"id": 9}]), planned("line_items"))
    assert found.walk.complete
    assert found.ids == [9, 9]
    assert not found.walk.keys_rise
