"""A collection that no model reads and that Clio refuses: told once, then a warning."""

import re
from pathlib import Path

import pytest

from pipelines.transform.staging import staging_models
from sources.clio_manage.settings import OPTIONAL
from sources.clio_simulator.faults import Action, Forbidden, Status
from tests.system.conftest import NewFirm
from tests.system.firm import CATALOG, Firm

NAMES = ("tasks", "webhooks")


def test_no_model_reads_what_is_optional() -> None:
    """The list names lists that exist, and none of them stands in any model, check or report."""
    files = [file.read_text("utf-8") for file in Path("sql").rglob("*.sql")]
    texts = [*files, *staging_models(Path("sql")).values()]
    read = set(re.findall(r"raw_clio_manage\.(\w+)", "\n".join(texts)))
    assert set(CATALOG.loaded) >= OPTIONAL
    assert read & OPTIONAL == set()


@pytest.mark.long
@pytest.mark.parametrize("action", [Forbidden(), Status(404), Status(422)])
def test_refused_collection_that_nothing_needs(new_firm: NewFirm, action: Action) -> None:
    """The first load that meets it ends with 4; later ones with 0 and a warning that says since
    when. It is asked for with growing pauses, until it works.
    """
    others = sorted(name for name in CATALOG.loaded if name not in NAMES)
    firm = new_firm(options={"off": tuple(others)})
    firm.clio.faults.add(action, "webhooks", times=None)
    outcome = firm.load(every=True)
    assert [name for name, _ in outcome.errors] == ["webhooks"]
    assert outcome.exit_code == 4
    asked = []
    for hour in range(1, 9):
        firm.clio.clock.advance(3600)
        since = len(firm.clio.requests)
        outcome = firm.load(every=True)
        assert (outcome.exit_code, outcome.errors) == (0, [])
        asked += [hour for one in firm.clio.requests[since:] if one.collection == "webhooks"]
    assert asked == [1, 7]
    assert firm.log.getvalue().count("webhooks: not to be had since 2026-") == 8
    firm.clio.faults.clear()
    assert firm.load(*NAMES).exit_code == 0
    assert firm.query("from meta.unread") == []


def test_refused_collection_that_models_need(firm: Firm) -> None:
    """Each load that may not read bills ends with 4."""
    firm.clio.faults.add(Forbidden(), "bills", times=None)
    for _ in range(3):
        assert firm.load("tasks", "bills").exit_code == 4
        firm.clio.clock.advance(3600)


def test_optional_collection_that_is_away_is_no_refusal(firm: Firm) -> None:
    """A server error says nothing of a right: each load that meets it ends with 4."""
    firm.clio.faults.add(Status(500), "webhooks", times=None)
    for _ in range(2):
        assert firm.load(*NAMES).exit_code == 4
        firm.clio.clock.advance(3600)
