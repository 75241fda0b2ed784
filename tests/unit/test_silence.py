"""When a service is taken to be away."""

import pytest

from sources.clio_http.limits import Silence
from sources.errors import SilentError

ONE, TWO, THREE = object(), object(), object()


def test_three_lists_that_hang_twice() -> None:
    """Two waits of each of three lists, and nothing answered meanwhile."""
    silence = Silence()
    for walk in (ONE, TWO, THREE, ONE, TWO):
        silence.hung(walk, silence.answers)
    silence.check()
    silence.hung(THREE, silence.answers)
    with pytest.raises(SilentError):
        silence.check()


def test_one_list_that_hangs_for_ever() -> None:
    """It costs itself alone."""
    silence = Silence()
    for _ in range(20):
        silence.hung(ONE, silence.answers)
        silence.failed(ONE, silence.answers)
    silence.check()


def test_an_answer_in_between_counts_for_all() -> None:
    """Lists that failed before some list was answered say nothing of the service."""
    silence = Silence()
    for walk in (ONE, TWO):
        silence.failed(walk, silence.answers)
    silence.answered()
    silence.failed(THREE, silence.answers)
    assert not silence.fallen


def test_an_answer_while_one_waited() -> None:
    """A wait during which another list was answered does not count."""
    silence = Silence()
    for walk in (ONE, TWO, THREE):
        since = silence.answers
        silence.answered()
        silence.failed(walk, since)
        silence.hung(walk, since)
        silence.hung(walk, since)
    assert not silence.fallen


def test_what_was_found_out_holds() -> None:
    """An answer that comes late does not begin the waiting anew: the run is over."""
    silence = Silence()
    for walk in (ONE, TWO, THREE):
        silence.failed(walk, silence.answers)
    silence.answered()
    assert silence.fallen
