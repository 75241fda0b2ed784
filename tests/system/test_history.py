"""The outgoing row of a collection with history is kept once, whatever happens."""

import pytest

from tests.system.firm import RAW, Firm

pytestmark = pytest.mark.long

VERSIONS = f"select description, _replaced_at from {RAW}.matters__versions where id = $1 order by 2"


def described(firm: Firm, key: int, text: str) -> None:
    """Describe a matter anew, a minute later, and load."""
    firm.clio.clock.advance(60)
    firm.clio.changes.update("matters", key, {"description": text})
    assert firm.load("matters").exit_code == 0


def kept(firm: Firm, key: int) -> list[str]:
    """Return the descriptions in the history of a matter."""
    return [text for text, _ in firm.query(VERSIONS, key)]


def test_history_of_a_record(firm: Firm) -> None:
    """A first load writes no history; A, B, A, B leaves A, B, A behind, in this order; a load in
    which nothing changed adds nothing.
    """
    key = int(firm.clio.dump("matters")[0]["id"])
    firm.clio.changes.update("matters", key, {"description": "A"})
    firm.load("matters")
    assert kept(firm, key) == []
    for text in ("B", "A", "B"):
        described(firm, key, text)
    firm.load("matters")
    assert kept(firm, key) == ["A", "B", "A"]
    assert firm.stored("matters")[key,]["description"] == "B"


def test_only_collections_with_history_have_versions(whole_firm: Firm) -> None:
    """The history tables are those of settings.HISTORY, all empty after a first load."""
    found = whole_firm.query(
        "select table_name, estimated_size from duckdb_tables()"
        " where schema_name = $1 and table_name like '%\\_\\_versions' escape '\\' order by 1",
        RAW,
    )
    names = ["activities", "bank_accounts", "bills", "contacts", "matters", "tasks", "users"]
    assert found == [(f"{name}__versions", 0) for name in names]
