"""What an approver sees is what is sent: names, units, worth, risks, and meaning that is frozen."""

from typing import Any

import pytest

from pipelines.ledger.errors import MeaningError, RiskError
from pipelines.plan.plan_text import WIDTH
from pipelines.plan.review import ReviewAnswer, show_plan
from tests.system.writing import AUTHOR, Desk

pytestmark = pytest.mark.long


def shown(desk: Desk) -> tuple[str, str]:
    """Plan what waits; gives the plan and its text, with no line over the page's width."""
    outcome = desk.plan()
    assert outcome.exit_code == 0, outcome.errors
    plan = str(outcome.results[0]["plan"])
    _, text = show_plan(desk.context(AUTHOR), plan)
    assert max(map(len, text.splitlines())) <= WIDTH + 2
    return plan, text


def one(desk: Desk, resource: str, **values: Any) -> dict[str, Any]:
    """Return the first record of a collection with these values."""
    rows = desk.firm.clio.dump(resource)
    return next(row for row in rows if all(row[name] == value for name, value in values.items()))


def test_names_beside_ids(desk: Desk) -> None:
    """Client, matter, person and custom field are named; who asks and why is said."""
    matter = desk.firm.clio.dump("matters")[0]
    users = desk.firm.clio.dump("users")
    other = next(
        row for row in users if row["id"] != (matter["responsible_attorney"] or {}).get("id")
    )
    desk.propose("matters", matter["id"], f"responsible_attorney.id={other['id']}")
    _, text = shown(desk)
    client = one(desk, "contacts", id=matter["client"]["id"])
    assert f"{client['name']} [{client['id']}]" in text
    assert f"→ {other['name']} [{other['id']}]" in text
    assert f"by {AUTHOR}: as agreed" in text


def test_long_and_broken_values(desk: Desk, matter: int) -> None:
    """A long text is shown by its beginning, length and hash; a line break by a sign."""
    desk.propose("matters", matter, "description=" + "long " * 7000, "client_reference=R-1")
    _, text = shown(desk)
    assert "(34,999 characters, SHA-256 " in text or "(35,000 characters, SHA-256 " in text
    assert len(text) < 5_000
    task = desk.firm.clio.dump("tasks")[0]
    desk.propose("tasks", task["id"], "description=one\ntwo")
    _, text = shown(desk)
    assert "→ one⏎two" in text


@pytest.mark.parametrize("change", ["renamed", "option", "deleted"])
def test_meaning_is_frozen(desk: Desk, change: str) -> None:
    """A custom field that is renamed, or an option that is changed, means another thing: 6."""
    fields = [row for row in desk.firm.clio.dump("custom_fields") if row["picklist_options"]]
    field = next(row for row in fields if row["parent_type"] == "Matter")
    options = [dict(row) for row in field["picklist_options"]]
    held = {
        str(row["id"]): {str(one["value"]) for one in row["custom_field_values"]}
        for row in desk.firm.clio.dump("matters")
    }
    matter = next(key for key, values in held.items() if str(options[0]["id"]) not in values)
    desk.propose("matters", matter, f"custom_field_values[{field['id']}]={options[0]['option']}")
    plan, text = shown(desk)
    assert f"{field['name']} (picklist) custom_field_values" in text
    assert desk.review(plan).exit_code == 0
    options[0]["option"] = "Something else"
    now: dict[str, dict[str, Any]] = {
        "renamed": {"name": "Something else"},
        "option": {"picklist_options": options},
        "deleted": {"deleted": True},
    }
    desk.firm.clio.changes.update("custom_fields", field["id"], now[change])
    with pytest.raises(MeaningError) as refused:
        desk.push(plan)
    assert refused.value.exit_code == 6
    assert desk.patches == []


def test_closing_with_trust_money(desk: Desk) -> None:
    """Closing a matter that has trust money is a named risk, not approved without a comment."""
    rows = desk.firm.clio.dump("matters")
    found = [
        row
        for row in rows
        if row["status"] == "Open"
        and any(
            "trust" in str(one.get("type", "")).casefold() and float(one["balance"] or 0)
            for one in row["account_balances"] or ()
        )
    ]
    assert found, "the firm has no open matter with trust money"
    desk.propose("matters", found[0]["id"], "status=closed")
    plan, text = shown(desk)
    assert "RISK: it closes a matter with" in text
    with pytest.raises(RiskError):
        desk.review(plan)
    assert set(desk.states().values()) == {"planned"}
    assert desk.review(plan, ReviewAnswer(("all",), (), "paid out today")).exit_code == 0
    assert desk.push(plan).exit_code == 0


def test_what_undo_cannot_restore(desk: Desk) -> None:
    """What was empty and is never emptied again is said before it is approved; so is what a change
    of stage may start, and a stage of another practice area is a named risk.
    """
    assert desk.firm.load("matter_stages").exit_code == 0
    rows = desk.firm.clio.dump("matters")
    stages = desk.firm.clio.dump("matter_stages")
    matter = next(row for row in rows if row["practice_area"])
    area = str(matter["practice_area"]["id"])
    other = next(one for one in stages if str(one["practice_area_id"] or area) != area)
    desk.propose("matters", matter["id"], f"matter_stage.id={other['id']}")
    _, text = shown(desk)
    assert "note: a change of stage can start automations" in text
    assert f"RISK: the stage is of practice area {other['practice_area_id']}" in text
    assert other["name"] in text


def test_worth_and_units(desk: Desk) -> None:
    """Hours and money are shown with units, and the change in worth with its sign; a number that
    grows tenfold is a named risk.
    """
    assert desk.firm.load("activities").exit_code == 0
    work = next(
        row
        for row in desk.firm.clio.dump("activities")
        if row["type"] == "TimeEntry"
        and not row["on_bill"]
        and not row["billed"]
        and row["quantity"]
        and row["price"]
    )
    desk.propose("activities", work["id"], f"price={float(work['price']) * 10:.2f}")
    _, text = shown(desk)
    assert " h (" in text
    assert "worth: " in text
    assert "RISK: price changes by a factor of 10 or more" in text
