"""Contacts of matters: one row for each role, in whatever order they are listed."""

import pytest

from pipelines.load.content_hash import row_hash
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


def with_roles(firm: Firm) -> int:
    """Make a matter whose contacts do not rise: its client is related to it, and one twice."""
    clio = firm.clio
    contacts = sorted(clio.store["contacts"].rows)
    fields = {"client": contacts[3], "display_number": "T-1", "status": "Open"}
    key: int = clio.changes.add("matters", fields)["id"]
    for contact, words in ((5, "Witness"), (1, "Expert"), (3, "Payer"), (1, "Witness")):
        row = {"matter": key, "contact": contacts[contact], "description": words}
        clio.changes.add("relationships", row)
    return key


@pytest.mark.parametrize("client", ["first", "last"])
def test_every_role_is_a_row(new_firm: NewFirm, client: str) -> None:
    """Lists of all matters are stored, over pages, in whatever order ids come; a second load
    writes nothing.
    """
    firm = new_firm(matters=6, client_row=client, limit_maximum={"matter_contacts": 2})
    key = with_roles(firm)
    assert firm.load("matters", "matter_contacts").exit_code == 0
    assert firm.differences("matter_contacts") == []
    roles = firm.query(
        f"select relationship_key = 0, is_client, count(*) from {RAW} where matter__id = $1"
        " group by all order by all",
        key,
    )
    assert roles == [(False, False, 3), (False, True, 1), (True, True, 1)]
    outcome = firm.load("matter_contacts", full=True)
    assert outcome.exit_code == 0
    assert [(r["inserted"], r["updated"]) for r in outcome.results] == [(0, 0)]
    assert firm.differences("matter_contacts") == []


def test_related_contacts_are_told_apart_by_the_relationship(new_firm: NewFirm) -> None:
    """Also where a row's own id is the contact's, which then comes twice."""
    firm = new_firm(
        matters=6, options={"on": ("matter_related_contacts",)}, related_contact_id="contact"
    )
    with_roles(firm)
    assert firm.load("matters", "matter_related_contacts").exit_code == 0
    assert firm.differences("matter_related_contacts") == []
    twice = firm.query(
        "select count(*) from raw_clio_manage.matter_related_contacts group by matter__id, id"
        " having count(*) > 1"
    )
    assert twice == [(2,)]


def test_role_that_ends(new_firm: NewFirm) -> None:
    """The contact stays with its other role, and only the row that ended is marked."""
    firm = new_firm(matters=6)
    key = with_roles(firm)
    firm.load("matters", "matter_contacts")
    relations = [r for r in firm.clio.store["relationships"].rows.values() if r["matter"] == key]
    expert = next(r for r in relations if r["description"] == "Expert")
    firm.clio.changes.remove("relationships", expert["id"])
    assert firm.load("matter_contacts", full=True).exit_code == 0
    assert firm.buried("matter_contacts") == {f"{key},{expert['contact']},{expert['id']}"}
    assert firm.live_differences("matter_contacts") == []


@pytest.mark.long
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
