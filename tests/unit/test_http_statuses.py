"""Each status means one error, and refused fields are found in Clio's words."""

import pytest

from sources import errors
from sources.clio_http.refusals import refused_fields
from sources.clio_http.statuses import RequestContext, error_for
from sources.errors import ClioError, FieldsRefusedError
from tests.unit.http_loopback import api_error, reply

FIELDS = "id,etag,note,name,type,client{id,name},matter{id,foo},user{id,foo}"
PLAIN = RequestContext("activities", [("fields", FIELDS)])
PAGED = RequestContext("matters/12/contacts", [("page_token", "abc")])


def body(kind: str, message: str) -> bytes:
    """Return an error body of Clio's API."""
    return reply(200, api_error(kind, message)).partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (204, errors.UnreadableAnswerError),
        (304, errors.RedirectRefusedError),
        (301, errors.RedirectRefusedError),
        (400, errors.RequestRefusedError),
        (401, errors.SignInNeededError),
        (403, errors.MissingScopeError),
        (404, errors.CollectionGoneError),
        (408, errors.UnavailableError),
        (409, errors.RequestRefusedError),
        (410, errors.VersionRetiredError),
        (412, errors.RecordChangedError),
        (422, errors.RequestRefusedError),
        (451, errors.RequestRefusedError),
        (500, errors.UnavailableError),
        (502, errors.UnavailableError),
        (503, errors.UnavailableError),
        (504, errors.UnavailableError),
        (522, errors.UnavailableError),
    ],
)
@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"null", body("Any", "thing")])
def test_status_means_one_error(status: int, expected: type[ClioError], content: bytes) -> None:
    """The class follows from the status, whatever the body looks like."""
    error = error_for(status, content, "", PLAIN)

    assert type(error) is expected
    assert str(error).startswith(f"GET /activities was answered with {status}")


@pytest.mark.parametrize("status", [400, 410, 422])
@pytest.mark.parametrize("message", ["page_token is invalid", "The page token has expired"])
def test_refused_page_token_is_known_from_its_message(status: int, message: str) -> None:
    """An expired token (A10) asks for a new walk, and is told apart from a retired version."""
    error = error_for(status, body("ArgumentError", message), "", PAGED)

    assert type(error) is errors.PageTokenRefusedError
    assert "/matters/{id}/contacts" in str(error)


def test_page_token_is_not_blamed_if_none_was_sent() -> None:
    """The same words mean another refusal when the first page was asked for."""
    error = error_for(422, body("ArgumentError", "page_token is invalid"), "", PLAIN)

    assert type(error) is errors.RequestRefusedError


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("This token lacks the scope billing:read.", ": billing:read is missing"),
        ("The Billing permission is needed", ": Billing is missing"),
        ("Mrs Canary may not see this", ""),
    ],
)
def test_missing_scope_names_only_what_clio_calls_a_scope(message: str, named: str) -> None:
    """The scope is named if Clio names one; nothing else of the message is repeated."""
    error = error_for(403, body("ForbiddenError", message), "", PLAIN)

    assert str(error) == f"GET /activities was answered with 403{named}"


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://account.clio.com/login", errors.MissingScopeError),
        ("https://app.clio.com/session/new?x=1", errors.MissingScopeError),
        ("https://auth.api.clio.com/oauth/authorize", errors.MissingScopeError),
        ("https://evil.example/x?next=login", errors.RedirectRefusedError),
        ("/elsewhere", errors.RedirectRefusedError),
        ("", errors.RedirectRefusedError),
    ],
)
def test_redirect_to_a_sign_in_page_is_a_missing_scope(
    location: str,
    expected: type[ClioError],
) -> None:
    """Where the redirect leads decides what it means; it is never followed."""
    assert type(error_for(302, b"", location, PLAIN)) is expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param("Invalid fields: note", ("note",), id="one"),
        pytest.param("Invalid fields: note, etag", ("etag", "note"), id="two-in-request-order"),
        pytest.param("The field 'note' is not valid", ("note",), id="quoted"),
        pytest.param("'note' has an invalid name and type", ("note",), id="quoted-wins"),
        pytest.param("Unknown field `matter.foo`", ("matter.foo",), id="dotted"),
        pytest.param("Unknown field matter{foo}", ("matter.foo",), id="braces"),
        pytest.param("matter{id,foo} is wrong", ("matter.id", "matter.foo"), id="two-inner"),
        pytest.param("The field `foo` in `matter` is unknown", ("matter.foo",), id="inner-in"),
        pytest.param("Unknown field foo", ("matter.foo", "user.foo"), id="inner-alone"),
        pytest.param("Unknown fields client.name, note.", ("note", "client.name"), id="mixed"),
        pytest.param("Unknown field client", ("client",), id="parent"),
        pytest.param("Unknown field notes", (), id="whole-words-only"),
        pytest.param("Unknown field footnote", (), id="no-substring"),
        pytest.param("We can't find it and won't try", (), id="apostrophes"),
        pytest.param("", (), id="empty"),
    ],
)
def test_refused_fields_are_found_in_the_message(message: str, expected: tuple[str, ...]) -> None:
    """Only what was asked for is ever named, in the order of the request."""
    error = error_for(400, body("InvalidFields", message), "", PLAIN)

    assert isinstance(error, FieldsRefusedError)
    assert error.fields == expected
    assert all(name in str(error) for name in expected)


def test_fields_are_recognised_under_another_type_of_error() -> None:
    """A message that speaks of a requested field is believed whatever its type."""
    assert refused_fields("Unknown field: note", FIELDS, "ArgumentError") == ("note",)
    assert refused_fields("`note` is not valid", FIELDS, "ArgumentError") == ("note",)


def test_english_words_are_not_taken_for_fields() -> None:
    """A message about something else may use a word that is also a field's name."""
    assert refused_fields("The type of limit is wrong", FIELDS, "ArgumentError") == ()
    assert refused_fields("note", "", "InvalidFields") == ()
