"""When so much is absent from a list that a person must decide."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.load.proof import too_many_absent

counts = st.integers(0, 300_000)


@pytest.mark.parametrize(
    ("known", "absent", "stops"),
    [
        (100_000, 1_000, False),
        (100_000, 1_001, True),
        (2_000, 20, False),
        (2_000, 21, True),
        (5_000, 50, False),
        (5_000, 51, True),
        (67, 20, False),
        (66, 20, True),
        (60, 18, False),
        (60, 19, True),
        (20, 6, False),
        (20, 7, True),
        (5, 4, False),
        (5, 5, True),
        (4, 4, True),
    ],
)
def test_share_and_number(known: int, absent: int, *, stops: bool) -> None:
    """More than 20 rows and more than 1 % of those known; in a small table more than 4 rows and
    more than 30 %; and all of them, however few.
    """
    assert too_many_absent(known, known - absent, absent) == stops


@given(known=counts)
def test_nothing_absent(known: int) -> None:
    """Where every row was seen, and where none was known, there is nothing to decide."""
    assert not too_many_absent(known, known, 0)
    assert not too_many_absent(0, 0, 0)


@given(known=st.integers(1, 300_000))
def test_empty_list(known: int) -> None:
    """An empty list where rows were known is never believed, not even of a single row."""
    assert too_many_absent(known, 0, known)


@given(known=st.integers(11, 300_000), share=st.floats(0.4, 1.0))
def test_forty_percent(known: int, share: float) -> None:
    """Two fifths of a table of more than ten rows never pass, whatever its size."""
    absent = math.ceil(share * known)
    assert too_many_absent(known, known - absent, absent)


@given(known=st.integers(15, 300_000), share=st.floats(0.0, 1.0))
def test_few_of_a_large_list(known: int, share: float) -> None:
    """What is neither more than 20 rows nor more than 30 % passes, and so does 1 % of any list."""
    absent = min(int(share * 20), int(0.3 * known))
    assert not too_many_absent(known, known - absent, absent)
    assert not too_many_absent(known, known - known // 100, known // 100)


@given(known=counts, seen=counts, absent=counts, more=counts)
def test_more_absent_is_never_less_alarming(known: int, seen: int, absent: int, more: int) -> None:
    """If the guard stops at so many absent rows, it stops at any greater number."""
    if too_many_absent(known, seen, absent):
        assert too_many_absent(known, seen, absent + more)


@given(known=counts, seen=counts, absent=counts, allowed=counts)
def test_what_a_person_allows(known: int, seen: int, absent: int, allowed: int) -> None:
    """A number that a person looked into opens the guard up to itself; above it nothing changes."""
    stops = too_many_absent(known, seen, absent)
    assert too_many_absent(known, seen, absent, allowed) == (stops and absent > allowed)
