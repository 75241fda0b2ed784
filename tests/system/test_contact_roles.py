"""Contacts of matters: one row for each role, in whatever order they are listed."""

from pipelines.classification import row_hash
from tests.system.conftest import NewFirm
from tests.system.firm import CATALOG, Firm

RAW = "raw_clio_manage.matter_contacts"


def narrow(firm: Firm) -> None:
    """Make the table what the release before made of it: the key was matter and contact."""
    with firm.writable() as connection:
        connection.execute(f"alter table {RAW} alter column relationship_key drop not null")
        connection.execute(f"alter table {RAW} drop column relationship_key")
        hashed = row_hash(CATALOG.loaded["matter_contacts"]).replace(
            'coalesce("relationship_key"::varchar, chr(30)), ', ""
        )
        assert "relationship_key" not in hashed
        connection.execute(f"update {RAW} set _row_hash = {hashed}")
        connection.execute(
            "update meta.tombstones set record_id = regexp_replace(record_id, ',[0-9]+$', '')"
            " where resource = 'matter_contacts'"
        )


def test_a_table_of_the_release_before_is_taken_over(new_firm: NewFirm) -> None:
    """Nothing is doubled, rewritten or lost, and what was marked as deleted stays so."""
    firm = new_firm(matters=6)
    firm.load("matters", "matter_contacts")
    relation = min(firm.clio.store["relationships"].rows.values(), key=lambda row: row["matter"])
    firm.clio.changes.remove("relationships", relation["id"])
    assert firm.load("matter_contacts").exit_code == 0
    marked = firm.buried("matter_contacts")
    assert len(marked) == 1
    narrow(firm)
    assert firm.buried("matter_contacts") != marked
    outcome = firm.load("matter_contacts", full=True)
    assert outcome.exit_code == 0
    (row,) = outcome.results
    assert (row["inserted"], row["updated"]) == (0, 0)
    assert row["rows_read"] > 6
    assert firm.buried("matter_contacts") == marked
    assert firm.live_differences("matter_contacts") == []
