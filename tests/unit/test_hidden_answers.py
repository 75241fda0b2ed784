"""What is left out or hashed is hidden in reports, in single values and in rows that do not fit."""

import json

import pyarrow as pa
import pytest

from pipelines.reconcile.reports import LAYOUTS, read_report
from pipelines.state.hashed_columns import HIDDEN, Masks
from sources.clio_http.catalog import Column
from sources.clio_http.misfits import Misfit
from sources.clio_http.plan import Point, Reading

NAME = Column("name", "VARCHAR", ("name",))
CITY = Column("address__city", "VARCHAR", ("address", "city"))
HASHED = Masks(b"k" * 32, {"contacts": (NAME, CITY)})
LEFT_OUT = Masks(left_out={"contacts": (NAME, CITY)})
BODY = b"Client,Bill,Balance\r\nCanary,7,5\r\n,8,5\r\n"


def hidden(masks: Masks, misfit: Misfit) -> Misfit:
    """Return a misfit of the contacts as it is stored."""
    reading = Reading(pa.table({}), (misfit,), 1, 0, Point(), frozenset(), ())
    (found,) = masks.apply("contacts", reading).misfits
    return found


def test_a_report_shows_hashes_in_the_place_of_names() -> None:
    """The text is that of the warehouse, so both can be held against each other; empty stays."""
    found = read_report(BODY, LAYOUTS["accounts_receivable"], HASHED)
    assert found.column("client").to_pylist() == [HASHED.hashed("Canary"), ""]
    assert found.column("bill").to_pylist() == ["7", "8"]


def test_a_report_lacks_what_is_left_out() -> None:
    """A name that is never loaded is not kept of a report either."""
    found = read_report(BODY, LAYOUTS["accounts_receivable"], LEFT_OUT)
    assert found.column("client").to_pylist() == ["", ""]
    assert read_report(BODY, LAYOUTS["accounts_receivable"]).column("client")[0].as_py() == "Canary"


@pytest.mark.parametrize("masks", [HASHED, LEFT_OUT])
@pytest.mark.parametrize("field", ["name", "address__city", "address"])
def test_a_single_value_of_a_hidden_column(masks: Masks, field: str) -> None:
    """Quarantine says that a value did not fit, and not what it was."""
    found = hidden(masks, Misfit("1", json.dumps({"x": "Canary"}), "does not fit", field))
    assert json.loads(found.row) == HIDDEN
    assert (found.record_id, found.field) == ("1", field)


def test_a_single_value_of_another_column() -> None:
    """What nobody hid is kept as it was received."""
    misfit = Misfit("1", '"twelve"', "does not fit", "age")
    assert hidden(HASHED, misfit) is misfit


@pytest.mark.parametrize("row", ['"Canary"', '["Canary"]', "Canary"])
@pytest.mark.parametrize("masks", [HASHED, LEFT_OUT])
def test_what_is_no_record_is_hidden_whole(masks: Masks, row: str) -> None:
    """It may be any part of a record, so nothing of it is kept."""
    assert "Canary" not in hidden(masks, Misfit("", row, "no object")).row


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"id": 1, "name": "Canary"}, {"id": 1}),
        ({"id": 1, "address": {"city": "Canary", "zip": 1}}, {"id": 1, "address": {"zip": 1}}),
        ({"id": 1, "address": "Canary Street"}, {"id": 1}),
        ({"id": 1, "address": None}, {"id": 1, "address": None}),
    ],
)
def test_a_misfit_lacks_what_is_left_out(
    row: dict[str, object], expected: dict[str, object]
) -> None:
    """A column that is never asked for is not kept, whatever Clio sends."""
    found = hidden(LEFT_OUT, Misfit("1", json.dumps(row), "does not fit its type: id"))
    assert json.loads(found.row) == expected
