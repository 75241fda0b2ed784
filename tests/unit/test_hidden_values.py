"""A value that is hidden from the token is unknown: what is stored stays, and is no change."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.load.classify import Classified
from pipelines.state.certificates import Watch
from pipelines.state.row_history import ensure_versions
from pipelines.warehouse import Warehouse
from sources.clio_http.catalog import Field, Redaction, read_catalog
from tests.unit.test_classification import NEW, OLD, RAW, RUN, Table, batch, counts

FIELDS = (
    Field("id", "BIGINT"),
    Field("updated_at", "TIMESTAMPTZ"),
    Field("hired_date", "DATE"),
    Field("client", "OBJECT", (("id", "BIGINT"),)),
    Field("custom_field_values", "ARRAY"),
    Field("redacted_fields", "ARRAY"),
)
MATTERS = replace(
    read_catalog("clio_grow").loaded["matters"],
    name="hiding",
    fields=FIELDS,
    redaction=Redaction("redacted_fields", ("custom_field_values",)),
)
SHOWN = {"hired_date": NEW.date(), "client__id": 7, "custom_field_values": '[{"id":1}]'}
HIDDEN: dict[str, Any] = dict.fromkeys(SHOWN)


def row(key: int = 1, hidden: object = None, **values: object) -> dict[str, Any]:
    """Return a matter of which some fields are hidden."""
    mark = None if hidden is None else json.dumps(hidden, separators=(",", ":"))
    return {"id": key, "updated_at": OLD, **SHOWN, "redacted_fields": mark, **values}


@pytest.fixture
def matters(tmp_path: Path) -> Iterator[Table]:
    """Return a raw table that holds one matter of which everything is shown."""
    with Warehouse(tmp_path) as opened:
        opened.rows(f"create schema {RAW}")
        table = Table(opened, MATTERS)
        table.load(batch(row(), of=MATTERS))
        yield table


def stored(table: Table) -> dict[str, Any]:
    """Read the one matter."""
    (found,) = table.rows("id, hired_date, client__id, custom_field_values, redacted_fields")
    return found


def classify(table: Table, *rows: dict[str, Any]) -> Classified:
    """Classify one reading."""
    (found,) = table.classify(batch(*rows, of=MATTERS))
    return found


def test_the_mark_is_stored_and_the_values_stay(matters: Table) -> None:
    """A null that is listed as hidden does not replace what is known."""
    names = ["hired_date", "client", "custom_field_values"]
    matters.load(batch(row(hidden=names, **HIDDEN), of=MATTERS))
    mark = json.dumps(names, separators=(",", ":"))
    assert stored(matters) == {"id": 1, **SHOWN, "redacted_fields": mark}


def test_a_hidden_value_is_no_change(matters: Table) -> None:
    """Once the mark is stored, the same answer again changes nothing."""
    hidden = row(hidden=["hired_date"], hired_date=None)
    matters.load(batch(hidden, of=MATTERS))
    assert counts(classify(matters, hidden)) == (0, 0, 1)


def test_custom_fields_that_did_not_come_are_unknown(matters: Table) -> None:
    """Null, or no such key, says nothing, with the mark or without; an empty array says: none."""
    assert counts(classify(matters, row(custom_field_values=None))) == (0, 0, 1)
    matters.load(batch(row(custom_field_values="[]"), of=MATTERS))
    assert stored(matters)["custom_field_values"] == "[]"


def test_a_null_that_is_not_listed_is_a_change(matters: Table) -> None:
    """Only what is listed is hidden; another null is Clio's answer."""
    matters.load(batch(row(hidden=["client"], hired_date=None, client__id=None), of=MATTERS))
    assert stored(matters)["hired_date"] is None
    assert stored(matters)["client__id"] == 7


def test_a_value_that_came_is_taken_though_it_is_listed(matters: Table) -> None:
    """A mark beside a value hides nothing."""
    matters.load(batch(row(hidden=["client"], client__id=8), of=MATTERS))
    assert stored(matters)["client__id"] == 8


def test_a_value_that_is_shown_again_is_taken(matters: Table) -> None:
    """After a new consent the value comes, and the mark goes."""
    matters.load(batch(row(hidden=["hired_date"], hired_date=None), of=MATTERS))
    matters.load(batch(row(hired_date=OLD.date()), of=MATTERS))
    assert stored(matters)["hired_date"] == OLD.date()
    assert stored(matters)["redacted_fields"] is None


def test_what_was_never_seen_stays_unknown(matters: Table) -> None:
    """A matter that was hidden from the first has no value."""
    matters.load(batch(row(2, hidden=["hired_date"], hired_date=None), of=MATTERS))
    assert [r["hired_date"] for r in matters.rows("id, hired_date")] == [NEW.date(), None]


def test_the_history_keeps_the_value_with_its_date(matters: Table) -> None:
    """The row that was stored before the mark is a version of its own."""
    ensure_versions(matters.warehouse, RAW, ["hiding"])
    matters.load(batch(row(hidden=["hired_date"], hired_date=None), of=MATTERS))
    (version,) = matters.rows("hired_date, redacted_fields", "__versions")
    assert version == {"hired_date": NEW.date(), "redacted_fields": None}


def test_hiding_is_not_counted_as_a_silent_change(matters: Table) -> None:
    """A sweep counts changes without a stamp; the mark is one, the null is not."""
    classifier = matters.classifier()
    classifier.watch = Watch(RUN, RUN, silent=True)
    found = classifier.classify(batch(row(hidden=["hired_date"], hired_date=None), of=MATTERS))
    classifier.close()
    assert dict(found.observed.silent) == {"redacted_fields": 1}


def test_a_reading_that_must_wait_waits_as_it_came(matters: Table) -> None:
    """What is filled in is filled in when the row is stored, not when it is put off."""
    newest = row(updated_at=NEW, hired_date=OLD.date())
    hidden = row(updated_at=NEW, hidden=["hired_date"], hired_date=None)
    _, second = matters.classify(batch(newest, of=MATTERS), batch(hidden, of=MATTERS))
    assert second.again is not None
    assert second.again.to_pylist()[0]["hired_date"] is None


def test_values_behind_a_flag(tmp_path: Path) -> None:
    """Where Manage says that it hides hours, their null changes nothing; other nulls do."""
    flagged = replace(
        MATTERS,
        fields=(
            Field("id", "BIGINT"),
            Field("updated_at", "TIMESTAMPTZ"),
            Field("total", "BIGINT"),
            Field("note", "VARCHAR"),
            Field("hidden", "BOOLEAN"),
        ),
        redaction=Redaction(flag="hidden", flagged=("total",)),
    )
    seen = {"id": 1, "updated_at": OLD, "total": 5, "note": "n", "hidden": False}
    unseen = {**seen, "total": None, "note": None, "hidden": True}
    with Warehouse(tmp_path) as opened:
        opened.rows(f"create schema {RAW}")
        table = Table(opened, flagged)
        table.load(batch(seen, of=flagged))
        table.load(batch(unseen, of=flagged))
        (found,) = table.rows("total, note, hidden")
        assert found == {"total": 5, "note": None, "hidden": True}
        table.load(batch({**seen, "total": None}, of=flagged))
        (found,) = table.rows("total, note, hidden")
        assert found == {"total": None, "note": "n", "hidden": False}
