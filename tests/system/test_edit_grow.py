"""Edits of Clio Grow's records: made to the linked record of Manage, or refused with the reason."""

from collections.abc import Iterator

import pytest

from pipelines.load.command import run_load
from sources.clio_simulator import Seed, Simulator
from tests.system.firm import chosen
from tests.system.grow_firm import CALM, GrowFirm
from tests.system.proposing import propose, refused

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrowFirm]:
    """Return a firm of which the contacts and matters of both products are loaded."""
    with Simulator(Seed(7, **CALM), rate_limit=0) as clio:
        firm = GrowFirm(clio, tmp_path_factory.mktemp("grow") / "data", manage=True)
        assert firm.load("contacts", "matters", "inbox_leads").exit_code == 0
        names = ("contacts", "matters", "custom_fields")
        assert run_load(firm.context(), ["clio_manage"], chosen(*names)).exit_code == 0
        yield firm


def linked(firm: GrowFirm, name: str) -> tuple[int, int]:
    """Return the ids at Grow and at Manage of a record that both have."""
    query = (
        f"select g.id, m.id from raw_clio_grow.{name} g join raw_clio_manage.{name} m"
        " on m.id = g.clio_id order by 1 limit 1"
    )
    ((key, at_manage),) = firm.query(query)
    return int(key), int(at_manage)


def test_an_edit_of_a_linked_record_is_one_of_manage(firm: GrowFirm) -> None:
    """With Manage's value and etag as its base, and with a word of where it was proposed."""
    key, at_manage = linked(firm, "contacts")
    contact = next(c for c in firm.clio.dump("contacts") if c["id"] == at_manage)
    (edit,) = propose(firm, "grow.contacts", key, "first_name=Renamed").results
    assert (edit["resource"], edit["record_id"]) == ("contacts", str(at_manage))
    assert (edit["base"], edit["base_etag"]) == (contact["first_name"], contact["etag"])
    assert edit["origin"] == f"command line; for grow.contacts {key}"


def test_custom_fields_are_named_as_in_manage(firm: GrowFirm) -> None:
    """By name; a number would be Grow's id, which means another field at Manage."""
    key, _ = linked(firm, "matters")
    edits = propose(firm, "grow.matters", key, "custom_field_values[Matter url]=https://x.org")
    assert edits.results[0]["resource"] == "matters"
    words = refused(propose(firm, "grow.matters", key, "custom_field_values[5]=x"))
    assert "custom_field_values[the name of the field in Manage]" in words


def test_a_record_that_is_not_linked_is_refused(firm: GrowFirm) -> None:
    """Grow's API changes nothing, so there is no way to send it."""
    ((key,),) = firm.query("select min(id) from raw_clio_grow.contacts where clio_id is null")
    assert "is not linked to Clio Manage" in refused(propose(firm, "grow.contacts", key, "name=x"))


@pytest.mark.parametrize(
    ("resource", "change", "words"),
    [
        ("grow.contacts", "status=x", "only what Clio Manage has as well may be edited"),
        ("grow.contacts", "phone_numbers[1].number=1", "may be edited: first_name, last_name"),
        ("grow.matters", "location=x", "may be edited: description"),
        ("grow.inbox_leads", "first_name=x", "Clio Grow's API cannot change these records"),
        ("grow.users", "first_name=x", "only grow.contacts, grow.matters are linked"),
        ("grow.", "first_name=x", "cannot change these records"),
    ],
)
def test_what_manage_has_not_is_refused(
    firm: GrowFirm, resource: str, change: str, words: str
) -> None:
    """With what may be edited instead."""
    name = resource.removeprefix("grow.")
    key = linked(firm, name)[0] if name in {"contacts", "matters"} else 1
    assert words in refused(propose(firm, resource, key, change))


def test_a_record_that_is_not_there_is_refused(firm: GrowFirm) -> None:
    """Neither is one that Grow has deleted."""
    assert "no such record of grow.contacts" in refused(
        propose(firm, "grow.contacts", 999_999, "name=x")
    )
    key, _ = linked(firm, "matters")
    with firm.writable() as warehouse:
        warehouse.execute(
            "insert into meta.tombstones values ('clio_grow', 'matters', $1, now(), 'test', null)",
            [str(key)],
        )
    assert "no such record" in refused(propose(firm, "grow.matters", key, "description=x"))
