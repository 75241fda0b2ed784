"""What is decided about Clio Grow's collections, as `settings.toml` gives it with the reasons."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

_DECIDED = tomllib.loads(files("sources").joinpath("clio_grow", "settings.toml").read_text("utf-8"))

PAGE_SIZE: int = _DECIDED["page_size"]
REQUESTS_A_SECOND: int = _DECIDED["requests_a_second"]
BACK_OFF = tuple[float, ...](_DECIDED["back_off"])
REFERENCES = frozenset[str](_DECIDED["references"])
INCLUDED = tuple[str, ...](_DECIDED["included"])
REDACTED: str = _DECIDED["redacted"]
DAILY_CADENCE = frozenset[str](_DECIDED["daily_cadence"])
HISTORY = frozenset[str](_DECIDED["history"])
NAMES: dict[str, str] = _DECIDED["names"]
SINGLETONS: dict[str, str] = _DECIDED["singletons"]
VARIANTS: dict[str, dict[str, Any]] = _DECIDED["variants"]
LEAVES: dict[str, str] = _DECIDED["leaves"]


@dataclass(frozen=True)
class Version:
    """One version of the API: where it is, and how it differs from the catalogue.

    `hosts` maps a region to the base of all paths. `fields` names what each collection has, where
    that is less than the catalogue says; `bare` says that a single record comes without `data`
    around it, and that a page of a list need not say whether it is the last.
    """

    hosts: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, list[str]] = field(default_factory=dict)
    bare: bool = False


VERSIONS = {name: Version(**version) for name, version in _DECIDED["versions"].items()}
