"""Our sources in pipelines of dlt's own that are stopped, limited or changed: nothing is lost."""

import shutil
import subprocess
import sys
from itertools import count
from typing import Any

import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from sources.clio_manage import clio_manage
from sources.clio_simulator.changes import When
from sources.clio_simulator.faults import Forbidden, Value
from sources.errors import ConfigurationError
from tests.system.firm import CATALOG, Firm
from tests.system.pipelines_of_dlt import change_behind, differences, manage, pipeline, rows
from tests.system.process import environment

ACTIVITIES = CATALOG.loaded["activities"]
KILLED = """
import os, signal, dlt
from itertools import count
from typing import Any
from sources.clio_http import walks
from sources.clio_manage import clio_manage

walks.MAX_PAGES = 1
taken = count()

def die(rows):
    if next(taken) == {tables}:
        os.kill(os.getpid(), signal.SIGKILL)
    return rows

source = clio_manage().with_resources("activities")
source.activities.add_map(die)
pipe = dlt.pipeline("clio", destination="duckdb", dataset_name="raw_clio", pipelines_dir="dlt")
pipe.extract(source)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_limit_goes_on_from_its_page(dlt_firm: Firm, page_by_page: None) -> None:
    """A run that was limited moves no watermark: the next one goes on from the page after what it
    took, and the one after that asks for what changed since the first page was read.
    """
    pipe = pipeline("duckdb")
    change_behind(dlt_firm, "activities", "note")
    pipe.run(manage("activities").add_limit(1))
    assert len(rows(pipe, ACTIVITIES)) == 200
    dlt_firm.clio.clock.advance(3600)
    pipe.run(manage("activities"))
    assert len(rows(pipe, ACTIVITIES)) == 600
    assert [asked.page for asked in dlt_firm.asked("activities")] == [1, 2, 2, 3]
    pipe.run(manage("activities"))
    assert differences(pipe, dlt_firm, "activities") == []


def test_an_error_keeps_nothing(dlt_firm: Firm, page_by_page: None) -> None:
    """A run that fails stores nothing and moves nothing: the next one begins where it began."""
    pipe = pipeline("duckdb")
    dlt_firm.clio.faults.add(Forbidden(), "activities", page=2)
    change_behind(dlt_firm, "activities", "note")
    with pytest.raises(PipelineStepFailed):
        pipe.run(manage("activities", "matters"))
    assert pipe.default_schema_name is None
    dlt_firm.clio.clock.advance(3600)
    pipe.run(manage("activities", "matters"))
    assert differences(pipe, dlt_firm, "activities", "matters") == []


@pytest.mark.long
def test_each_resource_has_its_own_watermark(dlt_firm: Firm) -> None:
    """A child that is added later gets the lists of all parents; a parent that was only read for
    its children is read whole when it is selected itself.
    """
    pipe = pipeline("duckdb")
    pipe.run(manage("matters"))
    dlt_firm.clio.clock.advance(3600)
    pipe.run(manage("matters", "matter_contacts"))
    assert differences(pipe, dlt_firm, "matters", "matter_contacts") == []
    pipe.run(manage("conversation_messages"))
    dlt_firm.clio.clock.advance(3600)
    pipe.run(manage("conversations"))
    assert differences(pipe, dlt_firm, "conversations", "conversation_messages") == []


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:The 'warn' method is deprecated")  # dlt's own
@pytest.mark.parametrize("tables", [0, 1, 9])
def test_a_killed_extract(dlt_firm: Firm, page_by_page: None, tables: int) -> None:
    """It may be killed at its first page, at its last or before what it extracted is loaded: what
    is loaded in the end is all there is.
    """
    pipe = pipeline("duckdb")
    change_behind(dlt_firm, "activities", "note")
    pipe.run(manage("activities").add_limit(1))
    dlt_firm.clio.clock.advance(3600)
    change_behind(dlt_firm, "activities", "note")
    words = [sys.executable, "-c", KILLED.format(tables=tables)]
    env = environment(dlt_firm.folder, dlt_firm.clio, RUNTIME__LOG_LEVEL="CRITICAL")
    assert subprocess.run(words, env=env, check=False).returncode == -9
    pipe = pipeline("duckdb")
    for _ in range(3):
        dlt_firm.clio.clock.advance(3600)
        pipe.run(manage("activities"))
    assert differences(pipe, dlt_firm, "activities") == []


def test_a_lost_folder(dlt_firm: Firm) -> None:
    """A pipeline whose folder is gone finds its watermark in the destination."""
    pipeline("duckdb").run(manage("activities"))
    shutil.rmtree("dlt")
    dlt_firm.clio.clock.advance(3600)
    pipe = pipeline("duckdb")
    pipe.run(manage("activities"))
    assert len(dlt_firm.asked("activities")) == 3 + 1
    assert differences(pipe, dlt_firm, "activities") == []


def test_a_limit_of_nothing(dlt_firm: Firm, page_by_page: None) -> None:
    """What a limit drops is not taken for read."""
    pipe = pipeline("duckdb")
    pipe.run(manage("activities").add_limit(0))
    pipe.run(manage("activities").add_limit(max_time=0.0001).parallelize())
    pipe.run(manage("activities"))
    assert differences(pipe, dlt_firm, "activities") == []


@pytest.mark.long
def test_replaced(dlt_firm: Firm) -> None:
    """A resource that is replaced is read whole, in both of dlt's ways to say so."""
    pipe, taken = pipeline("duckdb"), count(1)
    for disposition in ("merge", "replace", {"disposition": "replace"}, "merge"):
        source = manage("contacts", "matters")
        source.contacts.apply_hints(write_disposition=disposition)
        name = f"Contact {next(taken)}"
        dlt_firm.clio.changes.update(
            "contacts", min(dlt_firm.clio.store["contacts"].rows), {"name": name}
        )
        pipe.run(source)
        dlt_firm.clio.clock.advance(3600)
        assert differences(pipe, dlt_firm, "contacts", "matters") == []


def test_a_record_that_does_not_fit(dlt_firm: Firm) -> None:
    """It is left out, and asked for again by each run until it fits, even if it never changes."""
    pipe, key = pipeline("duckdb"), min(dlt_firm.clio.store["contacts"].rows)
    fault = Value("updated_at", '"yesterday"', id=key)
    dlt_firm.clio.faults.add(fault, "contacts", times=None)
    for _ in range(2):
        pipe.run(manage("contacts"))
        dlt_firm.clio.clock.advance(3600)
        assert (key,) not in rows(pipe, CATALOG.loaded["contacts"])
    dlt_firm.clio.faults.clear()
    pipe.run(manage("contacts"))
    assert differences(pipe, dlt_firm, "contacts") == []


def test_a_value_that_does_not_fit(dlt_firm: Firm) -> None:
    """It alone is null, and `_unknown` names its column and says why."""
    pipe, key = pipeline("duckdb"), min(dlt_firm.clio.store["activities"].rows)
    dlt_firm.clio.faults.add(Value("price", '"1,234.50"', id=key), "activities", times=None)
    pipe.run(manage("activities"))
    found = pipe.dataset()("select id, price, _unknown from activities where _unknown is not null")
    assert found.fetchall() == [(key, None, '[{"field":"price","evidence":"does not fit"}]')]


def test_a_record_in_two_lists(dlt_firm: Firm) -> None:
    """One that moves from one list of its collection to another while they are read is there once,
    as it is now.
    """
    pipe, key = pipeline("duckdb"), min(dlt_firm.clio.store["bills"].rows)
    moved = When.after("bills", 1)
    dlt_firm.clio.changes.update("bills", key, {"state": "void"}, when=moved)
    pipe.run(manage("bills"))
    assert rows(pipe, CATALOG.loaded["bills"])[(key,)]["state"] == "void"


def test_through_the_gateway(dlt_firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clio Manage is read with the gateway's key, and no token of Clio's goes there."""
    for name in ("BASE_URL", "ACCESS_TOKEN"):
        monkeypatch.delenv(f"SOURCES__CLIO_MANAGE__{name}")
    monkeypatch.setenv("SOURCES__CLIO_MANAGE__GATEWAY", "maton")
    monkeypatch.setenv("SOURCES__CLIO_MANAGE__GATEWAY_URL", dlt_firm.clio.maton_url)
    monkeypatch.setenv("SOURCES__CLIO_MANAGE__MATON_API_KEY", dlt_firm.clio.maton_key)
    pipe = pipeline("duckdb")
    pipe.run(manage("matters"))
    assert differences(pipe, dlt_firm, "matters") == []


def test_settings_that_cannot_be_used(plain_dlt: pytest.MonkeyPatch) -> None:
    """They are told before anything is sent."""
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, "access_token"),
        ({"gateway": "other"}, "gateway"),
        ({"access_token": "x", "region": "mars"}, "mars"),
        ({"access_token": "x", "base_url": "https://example.com"}, "example.com"),
    )
    for given, told in wrong:
        with pytest.raises(ConfigurationError, match=told):
            clio_manage(**given)
