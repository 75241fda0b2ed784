"""The Maton gateway: how it is configured, where its key may go, and what its refusals mean."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from pipelines.access.client import is_set_up
from pipelines.config import read_settings
from sources import errors
from sources.clio_http.api import ClientSettings
from sources.clio_http.hosts import Gateway
from sources.clio_http.secret import Secret
from sources.clio_http.statuses import RequestContext, error_for, gateway_error_for
from sources.errors import ClioError, ConfigurationError, GatewayKeyError

MANAGE = "SOURCES__CLIO_MANAGE__"
ON = {MANAGE + "GATEWAY": "maton", "MATON_API_KEY": "canary-key-1"}
ASKED = RequestContext("matters/12/contacts", [("fields", "id,note")])
PAGED = RequestContext("matters", [("page_token", "abc")])
CLIO = {"error": {"type": "Any", "message": "words of Clio"}}
OWN = {"message": "words of the gateway"}


def gateway(**environ: str) -> Gateway:
    """Return the gateway that the environment configures."""
    named = {MANAGE + name.upper(): value for name, value in environ.items()}
    found = read_settings({**ON, **named}, Path("nowhere")).sources["clio_manage"].gateway
    assert found is not None
    return found


def client_settings(url: str, *, through: bool) -> ClientSettings:
    """Return the settings of a client at an address, with a key or with a token."""
    return ClientSettings("clio_manage", url, "/api/v4", Secret("x"), gateway=through)


def test_defaults() -> None:
    """The name and the key are enough; the key is never shown; no connection is named."""
    found = gateway()
    assert (found.api, found.control) == ("https://api.maton.ai/clio", "https://api.maton.ai")
    assert found.needed_key() == Secret("canary-key-1")
    assert found.headers == {}
    assert gateway(maton_connection="a-1").headers == {"Maton-Connection": "a-1"}
    assert "canary" not in repr(found)


def test_without_the_setting_there_is_no_gateway() -> None:
    """A key of the gateway alone changes nothing: another tool may have set it."""
    settings = read_settings({"MATON_API_KEY": "canary-key-1"}, Path("nowhere"))
    assert settings.sources["clio_manage"].gateway is None
    assert not is_set_up("clio_manage", settings)
    assert is_set_up("clio_manage", read_settings(ON, Path("nowhere")))


def test_key_comes_from_the_first_place_that_has_it(tmp_path: Path) -> None:
    """Our own variable, then the gateway's, then secrets.toml."""
    (tmp_path / ".dlt").mkdir()
    text = '[sources.clio_manage]\ngateway = "maton"\nmaton_api_key = "of-the-file"\n'
    (tmp_path / ".dlt" / "secrets.toml").write_text(text, "utf-8")
    places = [{MANAGE + "MATON_API_KEY": "ours"}, {"MATON_API_KEY": "the-gateways"}, {}]
    for at, expected in enumerate(["ours", "the-gateways", "of-the-file"]):
        given = {name: value for place in places[at:] for name, value in place.items()}
        found = read_settings(given, tmp_path).sources["clio_manage"].gateway
        assert found is not None
        assert found.needed_key() == Secret(expected)


def test_missing_key_is_told() -> None:
    """The gateway without a key: sign-in needed, and the variable is named."""
    found = read_settings({MANAGE + "GATEWAY": "maton"}, Path("x")).sources["clio_manage"].gateway
    assert found is not None
    with pytest.raises(GatewayKeyError) as raised:
        found.needed_key()
    assert raised.value.exit_code == 3
    assert "MATON_API_KEY" in raised.value.hint


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"gateway": "matom"}, "unknown sources.clio_manage.gateway; valid are maton"),
        ({"base_url": "https://eu.app.clio.com"}, "base_url and sources.clio_manage.gateway can"),
        ({"access_token": "canary-token"}, "access_token and sources.clio_manage.gateway cannot"),
        ({"region": "eu"}, "the region us only"),
        ({"gateway_url": "https://evil.example"}, "evil.example is not the Maton gateway; valid"),
        ({"gateway_url": "https://ctrl.maton.ai"}, "ctrl.maton.ai is not the Maton gateway"),
        ({"gateway_url": "https://app.clio.com"}, "app.clio.com is not the Maton gateway"),
        ({"gateway_url": "http://api.maton.ai"}, "only be reached by https"),
        ({"gateway_url": "https://x@api.maton.ai"}, "may hold a host and a path"),
        ({"gateway_url": "https://api.maton.ai/clio"}, "gateway_url ends before /clio"),
        ({"gateway_url": "http://127.0.0.1:1/maton/clio"}, "gateway_url ends before /clio"),
        ({"maton_connection": "a\nb: c"}, "letters, digits"),
        ({"maton_api_key": "with space"}, "holds a character that no token has"),
        ({"gateway": "", "base_url": "https://api.maton.ai/clio"}, "base_url is the Maton gateway"),
    ],
)
def test_what_does_not_fit_is_refused(environ: dict[str, str], words: str) -> None:
    """Exit 2, the setting is named and no secret is."""
    with pytest.raises(ConfigurationError) as raised:
        gateway(**environ)
    assert words in str(raised.value)
    assert raised.value.exit_code == 2
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "control"),
    [
        ("https://api.maton.ai", "https://api.maton.ai"),
        ("https://api.maton.ai/", "https://api.maton.ai"),
        ("https://gateway.maton.ai", "https://ctrl.maton.ai"),
        ("http://127.0.0.1:8421/maton", "http://127.0.0.1:8421/maton"),
    ],
)
def test_connections_are_kept_where_the_host_says(url: str, control: str) -> None:
    """The two hosts that are documented differ in where the connections are."""
    assert gateway(gateway_url=url).control == control


def test_key_and_token_have_hosts_of_their_own() -> None:
    """No client takes Clio's token to the gateway, or the gateway's key to Clio."""
    for url, through in (
        ("https://api.maton.ai/clio", True),
        ("https://gateway.maton.ai/clio", True),
        ("https://app.clio.com", False),
        ("http://127.0.0.1:1", True),
        ("http://127.0.0.1:1", False),
    ):
        assert client_settings(url, through=through).base_url == url
    for url, through in (
        ("https://api.maton.ai/clio", False),
        ("https://app.clio.com", True),
        ("https://evil.example", True),
    ):
        with pytest.raises(ConfigurationError):
            client_settings(url, through=through)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, OWN, errors.GatewayConnectionError),
        (400, None, errors.GatewayConnectionError),
        (400, {"error": "Maton: no connection"}, errors.GatewayConnectionError),
        (400, CLIO, errors.RequestRefusedError),
        (401, OWN, errors.GatewayKeyError),
        (401, None, errors.GatewayKeyError),
        (401, {"error": "Invalid API key"}, errors.GatewayKeyError),
        (401, CLIO, errors.GatewayConnectionError),
        (401, {"error": "invalid_token"}, errors.GatewayConnectionError),
        (404, OWN, errors.NotPassedOnError),
        (404, CLIO, errors.CollectionGoneError),
        (410, OWN, errors.NotPassedOnError),
        (410, CLIO, errors.VersionRetiredError),
        (403, CLIO, errors.MissingScopeError),
        (412, CLIO, errors.RecordChangedError),
        (422, CLIO, errors.RequestRefusedError),
        (500, CLIO, errors.UnavailableError),
        (502, None, errors.UnavailableError),
    ],
)
def test_status_means_one_error(status: int, body: Any, expected: type[ClioError]) -> None:
    """What has not the shape of Clio's errors is the gateway's; its words are not repeated."""
    error = gateway_error_for(status, orjson.dumps(body) if body else b"<html>", "", ASKED)
    assert type(error) is expected
    assert str(error).startswith(f"GET /matters/{{id}}/contacts was answered with {status}")
    assert "words" not in str(error)


def test_refusals_of_the_request_itself_are_as_without_a_gateway() -> None:
    """Refused fields and page tokens keep their meaning, so that the load goes on."""
    fields = orjson.dumps({"error": {"type": "InvalidFields", "message": "note is not a field"}})
    token = orjson.dumps({"error": {"type": "ArgumentError", "message": "page_token is invalid"}})
    for body, asked in ((fields, ASKED), (token, PAGED)):
        through, direct = (f(400, body, "", asked) for f in (gateway_error_for, error_for))
        assert (type(through), str(through)) == (type(direct), str(direct))


def test_hints_name_the_next_command() -> None:
    """A missing scope is mended by a new connection; a scope that is added keeps that."""
    error = gateway_error_for(403, orjson.dumps(CLIO), "", ASKED)
    assert isinstance(error, errors.MissingScopeError)
    assert "clio-sync auth connections create" in error.of("matters:read").hint
    assert "it needs the scope matters:read" in str(error.of("matters:read"))
    assert "the Maton gateway" in gateway_error_for(503, b"", "", ASKED).hint
