"""The invented firm of the demo: its simulated Clio, and what happens there."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pipelines.config import Settings, SourceSettings
from sources.clio_http.secret import Secret
from sources.clio_simulator import Seed, Simulator

FIRM = Seed(7, grow_contacts=8, grow_matters=6, grow_leads=8, grow_notes=12)
"""Grow takes three requests a second, and one for the notes of each record: so it is small."""
BOTH = ("clio_manage", "clio_grow")


def pointed_at(settings: Settings, clio: Simulator) -> Settings:
    """Read the simulator and nothing else, whatever is configured."""
    manage = SourceSettings(base_url=clio.url, access_token=Secret(clio.token))
    grow = SourceSettings(
        base_url=clio.grow_url, access_token=Secret(clio.grow_token), rolling_slice=0
    )
    return replace(settings, sources=dict(zip(BOTH, (manage, grow), strict=True)))


def label(row: Mapping[str, Any]) -> str:
    """Name a collection; Grow's bear its name, since both products have matters."""
    return row["resource"] if row["source"] == BOTH[0] else f"grow {row['resource']}"


def change(clio: Simulator) -> None:
    """Let the firm work for a while."""
    matters = clio.dump("matters")
    opened = [row for row in matters if row["status"] == "Open"][:3]
    for row in opened:
        clio.changes.update("matters", row["id"], {"status": "Closed", "close_date": "2026-03-31"})
    sample = clio.dump("activities")[0]
    stamped = ("id", "etag", "created_at", "updated_at")
    work = {name: value for name, value in sample.items() if name not in stamped}
    for _ in range(3):
        clio.changes.add("activities", work)
    call = clio.dump("communications")[0]
    clio.changes.update("communications", call["id"], {"subject": "Call returned"})


def change_unseen(clio: Simulator) -> None:
    """Change what no incremental load can see: a deletion, and a change that moves no stamp."""
    clio.changes.remove("tasks", clio.dump("tasks")[0]["id"])
    note = clio.dump("notes")[0]
    clio.changes.update("notes", note["id"], {"subject": "Call with the court"}, silent=True)
