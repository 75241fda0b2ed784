"""No error and no log line tells a secret."""

import io
import logging
import traceback

import pytest

from sources.clio_http.client import ClioClient
from sources.clio_http.secret import RedactingFormatter
from sources.errors import ClioError
from tests.unit.http_faults import FAULTS, GOOD, Answer, always
from tests.unit.http_loopback import (
    TOKEN,
    FakeClock,
    Loopback,
    api_error,
    bomb,
    reply,
    settings,
)

CLIENT_NAME = "Canary Wharfinger"

LEAKS = [
    *FAULTS,
    *(
        pytest.param(reply(status, api_error(kind, f"{CLIENT_NAME} {TOKEN} field note")), id=kind)
        for status, kind in (
            (400, "InvalidFields"),
            (400, "Other"),
            (401, "Unauthorized"),
            (403, "Forbidden"),
            (404, "NotFound"),
            (410, "Gone"),
            (412, "Changed"),
            (418, "Strange"),
            (422, "ArgumentError"),
            (429, "RateLimited"),
            (500, "InternalServerError"),
        )
    ),
    pytest.param(reply(200, f'{{"data": [{{"name": "{CLIENT_NAME}"}}'.encode()), id="cut"),
    pytest.param(reply(302, b"", location=f"https://x.example/{TOKEN}?q={CLIENT_NAME}"), id="302"),
    pytest.param(bomb(2_000_000), id="bomb"),
]


@pytest.mark.parametrize("fault", LEAKS)
def test_no_error_and_no_log_line_tells_a_secret(fault: Answer) -> None:
    """Neither token nor client name is in an error, its chain, its traceback or the log."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    # A plain formatter: the lines must be clean before redaction.
    handler.setFormatter(logging.Formatter())
    root = logging.getLogger()
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.DEBUG)
    try:
        with (
            Loopback(always(fault)) as server,
            ClioClient(settings(server), FakeClock()) as client,
            pytest.raises(ClioError) as caught,
        ):
            client.get("contacts/77", [("query", CLIENT_NAME), ("page_token", TOKEN)])
    finally:
        root.removeHandler(handler)
        root.setLevel(level)

    error = caught.value
    told = [str(error), repr(error), repr(error.__dict__), *traceback.format_exception(error)]
    for text in (*told, lines.getvalue()):
        assert TOKEN not in text
        assert CLIENT_NAME not in text
    assert error.__context__ is None
    assert error.__cause__ is None


def test_log_line_holds_the_template_and_no_query() -> None:
    """With --debug each request is one line: path template, status, time, size, page."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(RedactingFormatter())
    logger = logging.getLogger("sources.clio_http.client")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        with Loopback(always(GOOD)) as server, ClioClient(settings(server), FakeClock()) as client:
            client.read("contacts/77", [("query", "x")], lambda answer: answer, note="page 3")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)

    assert lines.getvalue().endswith("GET /contacts/{id} 200 0.00 s 0 kB page 3\n")
