"""The error tree: every error says what to do next, and none tells a secret."""

import inspect
import pickle
import re

import pytest

from pipelines import errors as of_warehouse
from pipelines.errors import misfits
from pipelines.errors.remedies import REMEDIES, parted, remedy
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
    error = pickle.loads(pickle.dumps(FieldsRefusedError("refused", ("note",))))  # noqa: S301 - of our own making

    assert error.fields == ("note",)
    assert str(error) == "refused"


def test_unavailable_covers_what_may_pass_by_itself() -> None:
    """Whoever catches UnavailableError catches these as well."""
    assert issubclass(errors.RateLimitedError, UnavailableError)
    assert issubclass(errors.UntrustedServerError, UnavailableError)


APART = {
    "clio_error", "notification", "record_changed", "write_refused",
    # of commands that no load runs
    "busy", "damaged_backup", "damaged_file", "demo_folder", "edit_refused", "file_in_the_way",
    "ledger", "no_backup", "no_warehouse", "not_a_backup", "not_a_demo", "not_confirmed",
    "not_kept_out", "not_revoked", "nothing_proved", "query", "stopped_walk", "usage", "withheld",
    "withheld_base",
}  # fmt: skip
"""Codes that no walk of a list ends with, or that are told in a way of their own."""


def test_every_end_of_a_walk_has_a_remedy() -> None:
    """`status --problems` and `doctor` say what to do about each, in the words of one table."""
    codes = {
        kind.code
        for module in (errors, of_warehouse, misfits)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, ClioError)
    }
    assert codes - APART - set(REMEDIES) == set()


@pytest.mark.parametrize("source", ["clio_manage", "clio_grow"])
@pytest.mark.parametrize("code", [*REMEDIES, ""])
def test_remedy_is_whole(code: str, source: str) -> None:
    """Every place is filled, and it says what to do for the product that is meant."""
    said = remedy(code, source, "contacts")
    assert "{" not in said
    assert "clio-sync" in said or "gateway" in said
    if source == "clio_grow":
        assert not re.search(r"clio-sync (load|sweep|auth login)(?! grow)", said)


def test_a_reason_is_parted_from_its_code() -> None:
    """Only a code that is known is one: paths and figures stay as they are."""
    assert parted("missing_scope: GET /bills was answered with 403") == (
        "missing_scope",
        "GET /bills was answered with 403",
    )
    assert parted("2 of 4 lists: no") == ("", "2 of 4 lists: no")
