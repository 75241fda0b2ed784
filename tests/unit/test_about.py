"""What a snapshot says of itself: what is not known, since when and why, and what is wrong."""

from pathlib import Path

import pytest

from pipelines.publish.about import about, lacking, problems
from pipelines.reconcile.definitions import read_definitions
from pipelines.reconcile.evaluate import doubtful, not_known
from tests.unit.mini_firm import copied


@pytest.mark.long
def test_what_is_not_known_is_told_with_its_reason(mini_firm_place: Path, tmp_path: Path) -> None:
    """Of collections, of columns that are withheld, and of what is complete up to a moment."""
    with copied(mini_firm_place, tmp_path) as firm:
        firm.forbid("allocations")
        firm.withhold("contacts", "account_balances")
        firm.rows(
            "update meta.inputs set state = 'incomplete', complete_up_to = '2026-03-01',"
            " reason = 'missing_scope: answered with 403' where resource = 'tasks'"
            " and source = 'clio_manage'"
        )
        firm.build()
        assert lacking(firm.warehouse) == ["clio_manage.allocations"]
        said = dict(about(firm.warehouse, {"generation": 4}))
        assert said["generation"] == "4"
        assert said["clio_sync_version"]
        assert said["not_known clio_manage.allocations"].startswith("never: forbidden; empty")
        assert "finance.fct_ar_monthly.balance" in said["not_known clio_manage.allocations"]
        withheld = said["not_known clio_manage.contacts.account_balances"]
        assert withheld.startswith("withheld since 2026-03-15")
        assert "trust.rpt_three_way.ledgers" in withheld
        late = said["incomplete clio_manage.tasks"]
        assert late.startswith("complete up to 2026-03-01")
        assert late.endswith("; answered with 403")
        found = {(one.kind, one.relation) for one in problems(firm.warehouse)}
        assert ("withheld", "clio_manage.contacts") in found


@pytest.mark.long
def test_problems_hold_ids_and_no_names(mini_firm_place: Path, tmp_path: Path) -> None:
    """Rows of checks that warn, and records that were kept out, with the moment of the first."""
    with copied(mini_firm_place, tmp_path) as firm:
        firm.rows("update raw_clio_manage.bills set issued_at = null where id = 1001")
        firm.rows(
            "insert into meta.quarantine (source, resource, record_id, field, row, reason, since)"
            """ values ('clio_manage', 'contacts', '7', 'name', '"Smith"', 'no text',"""
            " '2026-03-01')"
        )
        assert firm.build().failed == ()
        first = [one for one in problems(firm.warehouse) if "approved_bills" in one.relation]
        assert [(one.kind, one.record_id) for one in first] == [("check", "1001")]
        firm.clock.at = "2026-03-16T12:00:00Z"
        firm.build()
        again = [one for one in problems(firm.warehouse) if "approved_bills" in one.relation]
        assert again == first
        told = " ".join(f"{one.record_id} {one.message}" for one in problems(firm.warehouse))
        assert "Smith" not in told
        assert "the value of name does not fit" in told


@pytest.mark.long
def test_what_is_not_known_is_never_compared_with_clio(
    mini_firm_place: Path, tmp_path: Path
) -> None:
    """A comparison of figures that are empty says that they are not known; others go on."""
    with copied(mini_firm_place, tmp_path) as firm:
        firm.forbid("allocations")
        firm.build()
        dark = not_known(firm.warehouse)
        said = {one.name: doubtful(one, dark) for one in read_definitions((1, 2, 3))}
        assert said["report_collected"] == "not known: clio_manage.allocations: forbidden"
        assert said["report_work_hours"] == ""
