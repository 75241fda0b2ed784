"""Each product by data: its address, pace and catalogue; and who reads what in a run."""

import threading
from pathlib import Path
from typing import Any

import pytest

from pipelines.access.client import base_url, open_client
from pipelines.config import Settings, SourceSettings
from pipelines.load.planning import Choice
from pipelines.load.products import product, readable, shared_out
from sources.clio_http.api import ClientSettings
from sources.clio_http.clock import SystemClock
from sources.clio_http.pace import Pace
from sources.clio_http.secret import Secret
from sources.errors import ClioError, ConfigurationError

TOKEN = Secret("token-for-tests")
BOTH = ("clio_manage", "clio_grow")


def settings(folder: Path, manage: Any = None, grow: Any = None) -> Settings:
    """Return settings with tokens for both, or what is given instead."""
    given = {"clio_manage": manage, "clio_grow": grow}
    sources = {
        name: SourceSettings(**({"access_token": TOKEN} if one is None else one))
        for name, one in given.items()
    }
    return Settings(folder, "tester", sources, "file")


@pytest.fixture
def opened(tmp_path: Path) -> dict[str, ClientSettings]:
    """Return what the clients of both products are opened with."""
    found = {}
    for name in BOTH:
        with open_client(name, settings(tmp_path), SystemClock(), threading.Event()) as one:
            found[name] = one.settings
    return found


def test_each_product_has_its_own_address_and_pace(
    opened: dict[str, ClientSettings], tmp_path: Path
) -> None:
    """Manage's limit is in its answers; Grow's is three a second, by a file."""
    manage, grow = opened["clio_manage"], opened["clio_grow"]
    assert manage.url("matters") == "https://app.clio.com/api/v4/matters.json"
    assert grow.url("matters") == "https://api.clio.com/grow/matters"
    assert manage.pace is None
    assert grow.pace is not None
    assert grow.pace == Pace(3, 1.0, grow.pace.file)
    assert grow.policy.waits == (1.0, 2.0, 4.0, 8.0, 16.0)
    assert (manage.bare, grow.bare) == (False, False)


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({"region": "eu"}, "https://eu.api.clio.com/grow"),
        ({"region": "ca"}, "https://ca.api.clio.com/grow"),
        ({"region": "eu", "api_version": "v1"}, "https://eu.grow.clio.com/api/v1"),
        ({"api_version": "v1", "base_url": "http://127.0.0.1:1/x"}, "http://127.0.0.1:1/x"),
    ],
)
def test_address_of_grow(options: dict[str, str], address: str) -> None:
    """By region and version, or as configured."""
    assert base_url("clio_grow", SourceSettings(**options)) == address  # type: ignore[arg-type]


def test_early_access_is_not_everywhere() -> None:
    """Clio's page names three regions."""
    with pytest.raises(ConfigurationError, match="v1 of clio_grow is not offered in the region ca"):
        base_url("clio_grow", SourceSettings(region="ca", api_version="v1"))


def test_a_product_without_a_token_is_not_read(tmp_path: Path) -> None:
    """Those with one are; where there is none, the first, so that it says what is missing."""
    assert readable(settings(tmp_path)) == (list(BOTH), [])
    assert readable(settings(tmp_path, manage={})) == (["clio_grow"], ["clio_manage"])
    assert readable(settings(tmp_path, {}, {})) == (["clio_manage"], [])


def test_an_application_alone_is_no_sign_in(tmp_path: Path) -> None:
    """Its key is configured, and nobody signed in with it."""
    given = settings(tmp_path, grow={"client_id": "key"})
    assert readable(given) == (["clio_manage"], ["clio_grow"])


def parts(folder: Path, *names: str, **choice: Any) -> dict[str, set[str]]:
    """Share out what was asked for."""
    found = shared_out(settings(folder), BOTH, Choice(frozenset(names), **choice))
    return {part.source: set(part.choice.resources) for part in found}


def test_collections_go_to_the_products_that_have_them(tmp_path: Path) -> None:
    """Of one name in both, both are read; without names, everything."""
    assert parts(tmp_path) == {"clio_manage": set(), "clio_grow": set()}
    assert parts(tmp_path, "bills", "matters") == {
        "clio_manage": {"bills", "matters"},
        "clio_grow": {"matters"},
    }
    assert parts(tmp_path, "inbox_leads") == {"clio_grow": {"inbox_leads"}}


@pytest.mark.parametrize(
    ("names", "choice", "told"),
    [
        (("matters", "mattress"), {}, "unknown resource mattress"),
        (("document_versions",), {}, "document_versions is off"),
        (("matters",), {"allow_absent": 5}, "both have a collection of this name"),
        ((), {"allow_absent": 5}, "needs exactly one --resource"),
        (("bills", "tasks"), {"allow_absent": 5}, "needs exactly one --resource"),
    ],
)
def test_what_cannot_be_shared_out_is_told(
    tmp_path: Path, names: tuple[str, ...], choice: dict[str, int], told: str
) -> None:
    """Unknown, off, or a decision about one list that would be about two."""
    with pytest.raises(ClioError, match=told) as raised:
        parts(tmp_path, *names, **choice)
    assert raised.value.exit_code == 2
    # what stands in the settings is to be corrected there, what was typed is not
    assert isinstance(raised.value, ConfigurationError) == ("is off" in told)


def test_a_decision_about_one_list_of_one_product(tmp_path: Path) -> None:
    """It is given with the product, or about a list that only one has."""
    given = Choice(frozenset({"matters"}), allow_absent=5)
    assert len(shared_out(settings(tmp_path), ["clio_grow"], given)) == 1
    assert parts(tmp_path, "inbox_leads", allow_absent=5) == {"clio_grow": {"inbox_leads"}}


def test_a_version_with_less_is_its_own_catalogue() -> None:
    """Settings may only name what that version has."""
    early = product("clio_grow", SourceSettings(api_version="v1"))
    assert "sources" not in early.catalog.loaded
    with pytest.raises(ConfigurationError, match="unknown collection sources"):
        product("clio_grow", SourceSettings(api_version="v1", off=("sources",)))


def test_what_says_that_a_value_is_hidden_cannot_be_left_out() -> None:
    """Without it a hidden value would pass for none."""
    with pytest.raises(ConfigurationError, match="redacted_fields says which values are hidden"):
        product("clio_grow", SourceSettings(exclude_columns=("matters.redacted_fields",)))
