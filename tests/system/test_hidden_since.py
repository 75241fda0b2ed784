"""A column that is hidden after it was loaded is told, once, by the load that meets the setting."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sources.clio_simulator import Simulator
from tests.system.firm import Firm
from tests.system.plain_engine import plain_engine
from tests.system.writing import SEED

NAME, TEXT = "contacts.name is hashed from now on", "notes.detail is left out from now on"


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """Return a firm that was not loaded yet."""
    with plain_engine(), Simulator(SEED, rate_limit=0) as clio:
        yield Firm(clio, tmp_path / "data")


def said(firm: Firm) -> str:
    """Load, and give what was said meanwhile."""
    before = len(firm.log.getvalue())
    assert firm.load("contacts", "notes").exit_code == 0
    return firm.log.getvalue()[before:]


def test_a_setting_of_the_first_load_is_not_told(firm: Firm) -> None:
    """What was never stored needs no word."""
    firm.options.update(hash_columns=("contacts.name",), exclude_columns=("notes.detail",))
    assert "from now on" not in said(firm)
    assert "from now on" not in said(firm)


def test_a_later_setting_is_told_once(firm: Firm) -> None:
    """What was loaded before stays, and that is said with what to do; then no more."""
    said(firm)
    firm.options.update(hash_columns=("contacts.name",), exclude_columns=("notes.detail",))
    words = said(firm)
    assert NAME in words
    assert TEXT in words
    assert "move the data folder aside and load anew" in words
    assert "from now on" not in said(firm)
    firm.options.clear()
    words = said(firm)
    assert "contacts.name is no longer hashed: it is stored from now on" in words
    assert "notes.detail is no longer left out" in words
