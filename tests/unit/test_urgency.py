"""Which exit code a run has when several things went wrong in it."""

from itertools import permutations

import pendulum
import pytest

from pipelines.errors import AbsentError, UnequalError
from pipelines.load.command import _failed
from pipelines.load.planning import Choice
from pipelines.load.products import Part
from pipelines.load.result import Result
from pipelines.outcome import Outcome
from sources.errors import ClioError, ConfigurationError, SignInNeededError, UnavailableError

NOW = pendulum.datetime(2026, 3, 2)
ABSENT = AbsentError("30 rows", "sweep", "tasks", 30)
ORDER: tuple[ClioError, ...] = (SignInNeededError(), ABSENT, UnequalError(), UnavailableError())
"""The most urgent first: without a sign-in nobody can look into anything else."""


@pytest.mark.parametrize("errors", list(permutations(ORDER)), ids=str)
def test_of_collections(errors: tuple[ClioError, ...]) -> None:
    """A sign-in (3) goes before a guard (5), that before a difference (7), that before the rest
    (4), in whatever order they were met.
    """
    for most in range(1, len(errors) + 1):
        found = [("tasks", one) for one in errors[:most]]
        expected = next(one.exit_code for one in ORDER if one in errors[:most])
        assert Result("r", "clio_manage", NOW, errors=found).exit_code == expected


@pytest.mark.parametrize("errors", list(permutations(ORDER)), ids=str)
def test_of_products(errors: tuple[ClioError, ...]) -> None:
    """The same holds between products of which one could not be read."""
    outcome = Outcome("load", NOW)
    for one in errors:
        _failed(outcome, Part("clio_grow", Choice()), one)
    assert outcome.exit_code == 3


def test_what_is_not_ranked() -> None:
    """Any other code is an incomplete run, and nothing wrong is 0."""
    result = Result("r", "clio_manage", NOW, errors=[("tasks", ConfigurationError())])
    assert result.exit_code == 4
    assert Result("r", "clio_manage", NOW).exit_code == 0
