"""The error tree: every error says what to do next, and none tells a secret."""

import inspect
import pickle
import re

import pytest

from sources import errors
from sources.errors import ClioError, FieldsRefusedError, UnavailableError

KINDS = sorted(
    (
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, ClioError)
    ),
    key=lambda kind: kind.__name__,
)


def test_docstring_draws_every_error() -> None:
    """The tree at the top of the module holds every class, once."""
    drawn = re.findall(r"^ *[*+-] (\w+)", errors.__doc__ or "", re.MULTILINE)

    assert sorted(drawn) == [kind.__name__ for kind in KINDS]


@pytest.mark.parametrize("kind", KINDS)
def test_message_is_the_docstring_unless_given(kind: type[ClioError]) -> None:
    """A bare error reads as its class's first line; a message replaces it."""
    assert str(kind()) == (kind.__doc__ or "").splitlines()[0]
    assert str(kind("page 3")) == "page 3"


@pytest.mark.parametrize("kind", KINDS)
def test_error_has_code_hint_and_exit_code(kind: type[ClioError]) -> None:
    """What a report prints is there for each error."""
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.code)
    assert kind.hint.endswith(".")
    assert kind.exit_code in {0, 1, 2, 3, 4, 5, 6, 7, 130}


def test_codes_are_unique() -> None:
    """A code names one error."""
    assert len({kind.code for kind in KINDS}) == len(KINDS)


def test_error_survives_pickling_with_what_it_carries() -> None:
    """The loader's engine pickles errors into its traces."""
    error = pickle.loads(pickle.dumps(FieldsRefusedError("refused", ("note",))))  # noqa: S301

    assert error.fields == ("note",)
    assert str(error) == "refused"


def test_unavailable_covers_what_may_pass_by_itself() -> None:
    """Whoever catches UnavailableError catches these as well."""
    assert issubclass(errors.RateLimitedError, UnavailableError)
    assert issubclass(errors.UntrustedServerError, UnavailableError)
