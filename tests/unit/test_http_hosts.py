"""Where the token may go, and which links are believed."""

import pytest

from sources.clio_http.hosts import Origin, base_origin, next_token, template
from sources.errors import BrokenWalkError, ConfigurationError, ForeignHostError

US = base_origin("https://app.clio.com")
LOCAL = base_origin("http://127.0.0.1:8421")
GATEWAY = base_origin("https://api.maton.ai/clio")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://app.clio.com", Origin("https", "app.clio.com", 443)),
        ("https://EU.app.clio.com:443", Origin("https", "eu.app.clio.com", 443)),
        ("https://ca.app.clio.com", Origin("https", "ca.app.clio.com", 443)),
        ("https://au.app.clio.com", Origin("https", "au.app.clio.com", 443)),
        ("https://api.clio.com/grow", Origin("https", "api.clio.com", 443)),
        ("https://auth.api.clio.com", Origin("https", "auth.api.clio.com", 443)),
        ("https://api.maton.ai/clio", Origin("https", "api.maton.ai", 443)),
        ("https://gateway.maton.ai/clio", Origin("https", "gateway.maton.ai", 443)),
        ("http://127.0.0.1:8421", Origin("http", "127.0.0.1", 8421)),
        ("http://localhost", Origin("http", "localhost", 80)),
        ("https://[::1]:9000", Origin("https", "::1", 9000)),
    ],
)
def test_known_base_is_accepted(url: str, expected: Origin) -> None:
    """Clio's hosts, the gateway's and this machine may be configured."""
    assert base_origin(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "app.clio.com",
        "http://app.clio.com",
        "https://app.clio.com:8443",
        "https://app.clio.com/",
        "https://app.clio.com?x=1",
        "https://app.clio.com#x",
        "https://app.clio.com@evil.example",
        "https://user:key@app.clio.com",
        "https://evil.example",
        "https://app.clio.com.evil.example",
        "https://evilapp.clio.com",
        "https://app.clio.com\\@evil.example",
        "https://app.clio.com:x",
        "https://127.0.0.2",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "https://[::1",
        "https://app.clio.com ",
    ],
)
def test_unknown_base_is_refused(url: str) -> None:
    """The token must not be sent anywhere else, nor in clear text."""
    with pytest.raises(ConfigurationError):
        base_origin(url)


@pytest.mark.parametrize(
    ("base", "link"),
    [
        (US, "https://app.clio.com/api/v4/contacts.json?limit=200&page_token=abc"),
        (US, "https://app.clio.com/api/v4/contacts?page_token=abc"),
        (US, "https://grow.clio.com/api/v2/contacts?page_token=abc"),
        (US, "https://APP.CLIO.COM:443/api/v4/contacts?page_token=abc"),
        (GATEWAY, "https://eu.app.clio.com/api/v4/contacts?page_token=abc"),
        (GATEWAY, "https://api.maton.ai/clio/api/v4/contacts?page_token=abc"),
        (LOCAL, "http://127.0.0.1:8421/api/v4/contacts.json?page_token=abc"),
        (LOCAL, "https://app.clio.com/api/v4/contacts.json?page_token=abc"),
    ],
)
def test_token_is_taken_from_a_link_of_this_clio(base: Origin, link: str) -> None:
    """Any base of the same region will do, since only the token is taken."""
    assert next_token(link, "contacts", base) == "abc"


@pytest.mark.parametrize(
    ("base", "link", "named"),
    [
        (US, "https://evil.example/api/v4/contacts?page_token=abc", "evil.example"),
        (US, "http://app.clio.com/api/v4/contacts?page_token=abc", "app.clio.com"),
        (US, "https://app.clio.com:8443/api/v4/contacts?page_token=abc", "app.clio.com"),
        (US, "https://eu.app.clio.com/api/v4/contacts?page_token=abc", "eu.app.clio.com"),
        (US, "https://app.clio.com@evil.example/api/v4/contacts?page_token=abc", "evil.example"),
        (US, "https://x@app.clio.com/api/v4/contacts?page_token=abc", "app.clio.com"),
        (US, "https://app.clio.com\\@evil.example/contacts?page_token=abc", "no usable host"),
        (US, "https://api.maton.ai/clio/api/v4/contacts?page_token=abc", "api.maton.ai"),
        (US, "http://127.0.0.1/api/v4/contacts?page_token=abc", "127.0.0.1"),
        (US, "file:///api/v4/contacts?page_token=abc", "no usable host"),
        (US, "/api/v4/contacts?page_token=abc", "no usable host"),
        (US, "//evil.example/contacts?page_token=abc", "no usable host"),
        (US, "abc", "no usable host"),
        (LOCAL, "http://127.0.0.1:8422/api/v4/contacts?page_token=abc", "127.0.0.1"),
        (LOCAL, "https://127.0.0.1:8421/api/v4/contacts?page_token=abc", "127.0.0.1"),
        (LOCAL, "http://localhost:8422/api/v4/contacts?page_token=abc", "localhost"),
    ],
)
def test_foreign_link_is_refused_by_host(base: Origin, link: str, named: str) -> None:
    """The error names the host and neither the token nor the rest of the link."""
    with pytest.raises(ForeignHostError) as caught:
        next_token(link, "contacts", base)

    assert str(caught.value).endswith(f" points to {named}")


@pytest.mark.parametrize(
    "link",
    [
        "https://app.clio.com/api/v4/contacts",
        "https://app.clio.com/api/v4/contacts?page_token=",
        "https://app.clio.com/api/v4/contacts?page_token=a&page_token=b",
        "https://app.clio.com/api/v4/matters?page_token=abc",
        "https://app.clio.com/api/v4/xcontacts?page_token=abc",
    ],
)
def test_link_without_one_token_for_this_list_breaks_the_walk(link: str) -> None:
    """A link that does not lead on with this list proves nothing."""
    with pytest.raises(BrokenWalkError):
        next_token(link, "contacts", US)


def test_template_hides_ids() -> None:
    """A path that is logged holds no record's id."""
    assert template("matters/1234/contacts") == "/matters/{id}/contacts"
    assert template("matters/1234") == "/matters/{id}"
    assert template("lauk_rates/v2") == "/lauk_rates/v2"
