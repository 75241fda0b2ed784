"""Custom fields: typed columns that survive renames, new options and deletions."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.transform.custom_fields import custom_field_models
from tests.unit.mini_firm import MiniFirm, empty_firm

pytestmark = pytest.mark.long

RAW = "update raw_clio_manage.custom_fields"
MATTERS = "update raw_clio_manage.matters"
OPTIONS = [{"id": 1, "option": "Low"}, {"id": 2, "option": "High"}]
FIELDS = {
    901: "checkbox",
    902: "contact",
    903: "currency",
    904: "date",
    905: "numeric",
    906: "picklist",
    907: "text_line",
    908: "time",
}
VALUES = {
    901: "true",
    902: "100",
    903: "1234.5",
    904: "2026-02-28",
    905: "3.14159",
    906: "2",
    907: "plain",
    908: "09:30:00",
}
TYPED = {
    "cf_901": True,
    "cf_902": 100,
    "cf_903": Decimal("1234.50"),
    "cf_904": date(2026, 2, 28),
    "cf_905": Decimal("3.14159"),
    "cf_906": "High",
    "cf_906_option_id": 2,
    "cf_907": "plain",
    "cf_908": time(9, 30),
}


def _value(field: int, text: str) -> dict[str, Any]:
    option = {"id": int(text)} if FIELDS[field] == "picklist" else None
    return {"custom_field": {"id": field}, "value": text, "picklist_option": option}


def _fill(firm: MiniFirm) -> None:
    firm.add(
        "custom_fields",
        *(
            {
                "id": key,
                "name": f"Field {kind}",
                "parent_type": "Matter",
                "field_type": kind,
                "deleted": False,
                "picklist_options": OPTIONS if kind == "picklist" else [],
            }
            for key, kind in FIELDS.items()
        ),
    )
    values = [_value(key, text) for key, text in VALUES.items()]
    firm.add("matters", {"id": 1, "status": "Open", "custom_field_values": values})
    firm.add("matters", {"id": 2, "status": "Open", "custom_field_values": []})
    firm.add("matters__versions")


def _wide(firm: MiniFirm) -> Mapping[str, Any]:
    columns = firm.warehouse.columns("bi", "matter_with_custom_fields")
    chosen = [name for name in columns if name.startswith("cf_")]
    ((found),) = firm.rows(
        f"select {', '.join(chosen)} from bi.matter_with_custom_fields where matter_id = 1"
    )
    return dict(zip(chosen, found, strict=True))


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[MiniFirm]:
    """Return a matter with a value of each type, built."""
    with empty_firm(tmp_path) as found:
        _fill(found)
        found.build("+matter_with_custom_fields")
        yield found


def _build(firm: MiniFirm) -> None:
    firm.build("+matter_with_custom_fields")


def test_fields_through_their_life(firm: MiniFirm) -> None:
    """Each field is a column of its type, named after its id. A rename changes no column, a new
    option appears, a renamed one is shown by its new name, and a deleted field keeps its column
    and the last known value, even when Clio no longer shows it.
    """
    assert _wide(firm) == TYPED
    assert firm.value("select count(*) from bi.matter_with_custom_fields") == 2
    name, options = 'Budget "net";\n--', '[{"id": 2, "option": "Very high"}, {"id": 3}]'
    firm.warehouse.rows(f"{RAW} set name = $1 where id = 903", [name])
    firm.warehouse.rows(f"{RAW} set picklist_options = $1 where id = 906", [options])
    _build(firm)
    assert _wide(firm) == {**TYPED, "cf_906": "Very high"}
    comment = firm.value(
        "select comment from duckdb_columns() where table_name = 'dim_matter_custom'"
        " and column_name = 'cf_903'"
    )
    assert comment == 'Budget "net"; --'
    options = "select picklist_option_id from staging.stg_manage__custom_field_options"
    assert firm.rows(f"{options} order by 1") == [(2,), (3,)]
    firm.rows(
        "insert into raw_clio_manage.matters__versions by name select *,"
        " now() as _replaced_at from raw_clio_manage.matters where id = 1"
    )
    rest = json.dumps([_value(key, text) for key, text in VALUES.items() if key != 907])
    firm.warehouse.rows(f"{MATTERS} set custom_field_values = $1 where id = 1", [rest])
    firm.rows(f"{RAW} set deleted = true where id = 907")
    _build(firm)
    assert _wide(firm) == {**TYPED, "cf_906": "Very high"}


def test_values_that_do_not_fit_are_told(firm: MiniFirm) -> None:
    """A value that is not of its field's type is empty in its column, and a check names it."""
    bad = '[{"custom_field": {"id": 904}, "value": "31.02.2026"}]'
    firm.rows(f"{MATTERS} set custom_field_values = '{bad}' where id = 1")
    _build(firm)
    assert _wide(firm)["cf_904"] is None
    assert firm.rows(
        "select record_id, custom_field_id from intermediate.int_custom_fields__values"
        " where not is_readable"
    ) == [(1, 904)]


def test_without_definitions(tmp_path: Path) -> None:
    """Before anything was loaded the views are there, without further columns."""
    assert set(custom_field_models(None)) == {
        "core/dim_matter_custom.sql",
        "core/dim_contact_custom.sql",
        "bi/matter_with_custom_fields.sql",
        "bi/contact_with_custom_fields.sql",
    }
    with empty_firm(tmp_path) as firm:
        firm.build("+contact_with_custom_fields", "+matter_with_custom_fields")
        assert firm.rows("from bi.contact_with_custom_fields") == []
        assert "cf_901" not in firm.warehouse.columns("core", "dim_matter_custom")
