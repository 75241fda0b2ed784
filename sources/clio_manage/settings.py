"""What is decided about Clio Manage's collections, as `settings.toml` gives it with the reasons."""

import tomllib
from importlib.resources import files
from typing import Any

from sources.clio_http.hosts import PREFIXES

API_PATH = "/api/v4"
API_VERSION = "4.0.13"
HOSTS = {region: f"https://{prefix}app.clio.com" for region, prefix in PREFIXES.items()}
PAGE_SIZE = 200

_DECIDED = tomllib.loads(
    files("sources").joinpath("clio_manage", "settings.toml").read_text("utf-8")
)

COMMON_PARAMETERS = frozenset[str](_DECIDED["common_parameters"])
DOUBLES = frozenset[str](_DECIDED["doubles"])
VALUES = frozenset[str](_DECIDED["values"])
UPLOAD_ONLY = frozenset[str](_DECIDED["upload_only"])
DAILY_CADENCE = frozenset[str](_DECIDED["daily_cadence"])
HISTORY = frozenset[str](_DECIDED["history"])
VIEWS = frozenset[str](_DECIDED["views"])
OPTIONAL = frozenset[str](_DECIDED["optional"])
SINGLETONS: dict[str, str] = _DECIDED["singletons"]
PAGE_SIZES: dict[str, int] = _DECIDED["page_sizes"]
NAMES: dict[str, str] = _DECIDED["names"]
KEYS: dict[str, list[str]] = _DECIDED["keys"]
STAND_INS: dict[str, dict[str, str]] = _DECIDED["stand_ins"]
NOT_LOADED: dict[str, str] = _DECIDED["not_loaded"]
OFF_BY_DEFAULT: dict[str, str] = _DECIDED["off_by_default"]
PARENTS: dict[str, dict[str, str]] = _DECIDED["parents"]
WIDEST: dict[str, dict[str, Any]] = _DECIDED["widest"]
POLYMORPHIC: dict[str, list[str]] = _DECIDED["polymorphic"]
HIDDEN: dict[str, dict[str, Any]] = _DECIDED["hidden"]
DERIVED: dict[str, dict[str, Any]] = _DECIDED["derived"]
SHOWN_AGAIN: dict[str, list[str]] = _DECIDED["shown_again"]
COPIES: dict[str, list[str]] = _DECIDED["copies"]
