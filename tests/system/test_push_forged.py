"""Plans that were forged with their events, so that every hash fits."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pipelines.ledger.canonical import canonical, sha256
from pipelines.ledger.errors import PlanRefusedError
from pipelines.plan import plan_file
from tests.system.test_push_faults import forged
from tests.system.writing import Desk


@pytest.fixture
def desk(quick_desk: Desk) -> Desk:
    """Return a firm whose people correct records."""
    return quick_desk


@pytest.mark.parametrize(
    "change",
    [
        lambda entries: [*entries, {"name": "Work", "number": "+16045550199"}],
        lambda entries: [{**entries[0], "_destroy": True}],
    ],
    ids=["made", "removed"],
)
def test_w23_forged_element(desk: Desk, change: Callable[[list[Any]], list[Any]]) -> None:
    """W23: a forged plan can neither make an element of a list nor remove one."""
    contact = next(one for one in desk.firm.clio.dump("contacts") if one["phone_numbers"])
    phone = contact["phone_numbers"][0]["id"]
    desk.propose("contacts", contact["id"], f"phone_numbers[{phone}].number=+16045550177")
    true = plan_file.load(plan_file.find(desk.firm.folder, desk.approved()))
    entries = change(json.loads(true.records[0].body)["data"]["phone_numbers"])
    body = canonical({"data": {"phone_numbers": entries}})
    record = replace(true.records[0], body=body, body_sha256=sha256(body))
    false = replace(true, records=(record,))
    forged(desk, false)
    outcome = desk.push(false.short)
    assert [type(error) for _, error in outcome.errors] == [PlanRefusedError]
    assert desk.patches == []
