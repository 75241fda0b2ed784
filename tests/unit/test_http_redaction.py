"""What must not be shown is not shown, whoever logs it."""

import io
import logging
import pickle
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.clio_http.secret import RedactingFormatter, Secret, quiet_libraries, redact

CANARY = "k3yC4nary.0f_a-token~x"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"authorization: bearer {CANARY}",
        f"AUTHORIZATION:BEARER {CANARY}",
        f"AuThOrIzAtIoN: {CANARY}",
        f"Proxy-Authorization: Basic {CANARY}",
        f"{{'Authorization': 'Bearer {CANARY}'}}",
        f"[(b'authorization', b'Bearer {CANARY}')]",
        f"bEaReR {CANARY}",
        f'{{"access_token": "{CANARY}", "token_type": "bearer"}}',
        f"ACCESS_TOKEN={CANARY}&x=1",
        f"accessToken={CANARY}",
        f"refresh_token={CANARY}",
        f"page_token={CANARY}",
        f"client_secret={CANARY}",
        f"Set-Cookie: {CANARY}",
    ],
)
def test_secret_like_text_is_taken_out_in_any_letter_case(text: str) -> None:
    """Headers, JSON and form fields that carry tokens lose their values."""
    shown = redact(text)

    assert CANARY not in shown
    assert "***" in shown


@given(st.data())
def test_letter_case_of_a_header_never_matters(data: st.DataObject) -> None:
    """However a header is spelt, its token is taken out."""
    header = "".join(
        data.draw(st.sampled_from((letter.lower(), letter.upper())))
        for letter in "authorization: bearer "
    )

    assert CANARY not in redact(header + CANARY)


def test_ordinary_text_is_left_alone() -> None:
    """A log line of the client passes unchanged."""
    line = "GET /contacts/{id} 200 0.12 s 240 kB page 3: the token was refused"

    assert redact(line) == line


def test_secret_that_begins_with_another_leaves_no_tail() -> None:
    """Nor one that ends with another, or holds it: the longest is taken out first, whole."""
    short, tail = "abcd1234", "-tail-of-the-longer-one"
    values = [short, short + tail, tail + short, f"{tail}{short}{tail}"]
    for order in permutations(values):
        shown = redact(" ".join(order), frozenset(order))
        assert shown == " ".join(["***"] * len(values))


def test_known_value_is_taken_out_of_message_arguments_and_traceback() -> None:
    """A registered secret is gone wherever it stands in a record."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    formatter = RedactingFormatter()
    formatter.register(Secret(CANARY))
    handler.setFormatter(formatter)
    logger = logging.getLogger("anyone")
    logger.addHandler(handler)
    try:
        int(CANARY)
    except ValueError:
        logger.exception("x%sx %r", CANARY, {"anything": CANARY.upper()})
    finally:
        logger.removeHandler(handler)

    assert CANARY.lower() not in lines.getvalue().lower()
    assert "ValueError: invalid literal for int() with base 10: '***'" in lines.getvalue()


def test_short_value_does_not_blot_out_words() -> None:
    """An empty or tiny token would turn every line into stars."""
    formatter = RedactingFormatter()
    for short in (Secret(""), Secret("a")):
        formatter.register(short)
    record = logging.LogRecord("n", logging.INFO, "p", 1, "a plain line", (), None)

    assert formatter.format(record).endswith("a plain line")


def test_secret_shows_nothing() -> None:
    """Neither str, repr, format nor a container shows the value, and pickling is refused."""
    secret = Secret(CANARY)

    assert [str(secret), repr(secret), f"{secret:>9}", str([secret])] == [
        "***",
        "***",
        "***",
        "[***]",
    ]
    assert secret.reveal() == CANARY
    assert secret == Secret(CANARY)
    assert len({secret, Secret(CANARY)}) == 1
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize("name", ["httpx", "httpcore", "httpcore.http11", "httpcore.connection"])
def test_http_libraries_are_capped(name: str) -> None:
    """The libraries' own lines, which hold URLs and headers, are never written."""
    quiet_libraries()

    assert logging.getLogger(name).getEffectiveLevel() >= logging.WARNING
