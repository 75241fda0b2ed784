"""`clio-sync resources`: the catalogue for people, and what another document would change."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.system.firm import CATALOG
from tests.system.process import document, environment, run

ROW = {
    "resource", "path", "mode", "key", "variants", "parent", "deletes", "writable", "loaded",
    "reason", "updated_since",
}  # fmt: skip


def test_resources(tmp_path: Path) -> None:
    """Every collection is there, how it is loaded, or why it is not."""
    done = run("resources", "--json", env=environment(tmp_path / "data"))
    assert done.returncode == 0, done.stderr
    rows = {row["resource"]: row for row in document(done)["results"]}
    assert set(CATALOG.collections) <= set(rows)
    assert len(CATALOG.collections) == 77
    assert all(set(row) >= ROW for row in rows.values())
    assert all(row["reason"] for row in rows.values() if not row["loaded"])
    assert rows["notes"]["variants"] == [{"type": "Matter"}, {"type": "Contact"}]
    assert rows["matter_contacts"]["parent"] == "matters"


@pytest.fixture
def openapi(shared: Path) -> dict[str, Any]:
    """Return Clio's document as it is."""
    text = (shared / "reference" / "manage-openapi-2026-04-08.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def diff(folder: Path, other: dict[str, Any]) -> set[tuple[str, str]]:
    """Return what `resources --diff` says of a document."""
    path = folder / "other.json"
    path.write_text(json.dumps(other), "utf-8")
    done = run("resources", "--diff", str(path), "--json", env=environment(folder / "data"))
    assert done.returncode == 0, done.stderr
    return {(row["change"], row["what"]) for row in document(done)["results"]}


def test_same_document_has_no_difference(openapi: dict[str, Any], tmp_path: Path) -> None:
    """The document that the catalogue was built from changes nothing."""
    assert diff(tmp_path, openapi) == set()


def test_added_dropped_and_changed(openapi: dict[str, Any], tmp_path: Path) -> None:
    """A field more, a field less, another type and a collection less are each named."""
    other = copy.deepcopy(openapi)
    properties = _properties(other, "Task")
    properties["colour"] = {"type": "string"}
    properties["priority"] = {"type": "integer", "format": "int64"}
    del properties["due_at"]
    del other["paths"]["/webhooks.json"]["get"]
    found = diff(tmp_path, other)
    assert ("new field", "tasks.colour") in found
    assert ("field gone", "tasks.due_at") in found
    assert ("field type", "tasks.priority: VARCHAR to BIGINT") in found
    assert ("collection gone", "webhooks") in found


def _properties(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Find the own properties of a schema: those of its base too."""
    schema = document["components"]["schemas"][f"{name}_base"]
    parts = [schema, *schema.get("allOf", ())]
    found: dict[str, Any] = next(part["properties"] for part in parts if "properties" in part)
    return found


def test_file_that_is_no_document(tmp_path: Path) -> None:
    """Anything else is exit 2."""
    path = tmp_path / "other.json"
    path.write_text("[]", "utf-8")
    done = run("resources", "--diff", str(path), env=environment(tmp_path / "data"))
    assert done.returncode == 2
