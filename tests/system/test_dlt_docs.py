"""What the documents show of dlt pipelines does what they say."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import pytest

from sources.clio_simulator.changes import When
from tests.conftest import ROOT
from tests.system.firm import CATALOG, Firm, pages
from tests.system.pipelines_of_dlt import manage, pipeline, settings
from tests.system.process import environment

ACTIVITIES = CATALOG.loaded["activities"]
SHOWN = ("docs/dlt.md", "sources/clio_manage/README.md", "sources/clio_grow/README.md")


@pytest.mark.parametrize("page", SHOWN)
def test_shown_scripts_run(dlt_firm: Firm, page: str) -> None:
    """The blocks of Python of a page run one after the other, in a folder where nothing is."""
    text = (ROOT / page).read_text("utf-8")
    script = "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    assert "pipeline.run(" in script
    told = {**settings(dlt_firm.clio), "RUNTIME__DLTHUB_TELEMETRY": "false"}
    words = [sys.executable, "-c", script]
    env = {**environment(dlt_firm.folder), **told}
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(Path().glob("*.duckdb"))


def stale(pipe: Any, firm: Firm) -> list[int]:
    """Return the activities that are not as the server has them."""
    stored = dict(pipe.dataset()("select id, note from activities").fetchall())
    served = {row["id"]: row["note"] for row in firm.clio.dump("activities")}
    return [key for key, note in served.items() if stored[key] != note]


def change_while_read(firm: Firm, text: str) -> None:
    """Let two rows change behind the page that is read, and one further on, a little later."""
    keys = sorted(firm.clio.store["activities"].rows)
    for page, key in ((1, keys[5]), (1, keys[6]), (2, keys[-5])):
        changed = {"note": text}
        firm.clio.changes.update("activities", key, changed, when=When.after("activities", page))


def test_the_greatest_stamp_loses_rows(dlt_firm: Firm, page_by_page: None) -> None:
    """After a run in which three of 600 rows change and another an hour later, two are stale by
    the greatest `updated_at`, and none by the start of the walk.
    """
    clio = dlt_firm.clio

    def passes(rows: Any) -> Any:
        clio.clock.advance(30)
        return rows

    @dlt.resource(name="activities", primary_key="id", write_disposition="merge")
    def greatest(
        stamp: Any = dlt.sources.incremental("updated_at"),  # noqa: B008 - dlt's way
    ) -> Iterator[Any]:
        since = {"updated_since": stamp.last_value} if stamp.last_value else {}
        asked = {"limit": "200", "order": "id(asc)", **since}
        for number, row in enumerate(pages(clio, ACTIVITIES, "activities", asked), start=1):
            yield {name: row[name] for name in ("id", "updated_at", "note")}
            if number % 200 == 0:
                passes(row)

    for name, make, lost in (("greatest", lambda: greatest, 2), ("ours", _ours(passes), 0)):
        pipe = pipeline("duckdb", name)
        change_while_read(dlt_firm, name)
        for _ in range(2):
            pipe.run(make())
            clio.clock.advance(3600)
        assert len(stale(pipe, dlt_firm)) == lost


def _ours(passes: Any) -> Any:
    def make() -> Any:
        source = manage("activities")
        source.activities.add_map(passes)
        return source

    return make
