"""Tables with a row for each record and a column for each field, as they are read."""

from pathlib import Path

import pytest

from pipelines.edits.assignments import listed, parted
from pipelines.edits.edit import Gathered
from pipelines.edits.read_sheet import imported
from pipelines.errors import EditRefusedError

HEAD = "resource,id,label,status,location,reason,old:status,old:location\n"


def brought(folder: Path, text: str) -> Gathered:
    """Read a CSV file."""
    path = folder / "wide.csv"
    path.write_text(text)
    return imported(path, "for all")


def changes(found: Gathered) -> list[tuple[str, str, str, str | None, str]]:
    """Return where each change stands, its field, its values and its reason."""
    return [(w.where, w.field, w.new_value, w.old_value, w.reason) for w in found.wanted]


def test_what_differs_from_the_old_value_is_a_change(tmp_path: Path) -> None:
    """With the old value, so that another one in the warehouse is noticed."""
    found = brought(
        tmp_path,
        HEAD
        + "matters,1,x,open,here,,open,here\n"
        + "matters,2,x,closed,there,moved,open,here\n"
        + "matters,3,x,open,<clear>,,open,here\n",
    )
    assert changes(found) == [
        ("row 3, column status", "status", "closed", "open", "moved"),
        ("row 3, column location", "location", "there", "here", "moved"),
        ("row 4, column location", "location", "<clear>", "here", "for all"),
    ]
    assert (found.problems, found.blank) == ([], 1)


def test_an_emptied_cell_is_refused(tmp_path: Path) -> None:
    """It says neither that the field is to be emptied nor that nothing is to change."""
    found = brought(tmp_path, HEAD + "matters,1,x,open,,,open,here\nmatters,2,x,open,,,open,\n")
    ((where, problem),) = found.problems
    assert (where, problem.column) == ("row 2", "location")
    assert "write <clear>" in str(problem)


def test_a_table_without_old_values(tmp_path: Path) -> None:
    """Every cell that is filled is a change; names beside ids are for people."""
    text = "id,resource,status,name:status,Custom_Field_Values\n1,matters,closed,no,\n"
    assert changes(brought(tmp_path, text)) == [
        ("row 2, column status", "status", "closed", None, "for all")
    ]


def test_elements_are_told_by_the_ids_beside_them(tmp_path: Path) -> None:
    """The same place is another element in each record; one that is not there is never made."""
    head = "resource,id,phone_numbers#1.id,phone_numbers#1.number,old:phone_numbers#1.number\n"
    found = brought(tmp_path, head + "contacts,1,55,+2,+1\ncontacts,2,66,+4,+3\ncontacts,3,,+5,\n")
    assert [w.field for w in found.wanted] == [
        "phone_numbers[55].number",
        "phone_numbers[66].number",
    ]
    ((where, problem),) = found.problems
    assert (where, problem.column) == ("row 4", "phone_numbers#1.number")
    assert "a new one is never made" in str(problem)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("resource,id,status,status", "two columns of one name"),
        ("resource,id,status,old:location", "without one that is called FIELD"),
        ("resource,id,status,,location", "a column without a name"),
        ("resource,id,phone_numbers#1.number", "has no column phone_numbers#1.id"),
        ("resource,status", "has no column id"),
        ("resource,id", "has no column field"),
        ("resource,id,status,field", "has no column new_value"),
    ],
)
def test_headers_that_are_refused(tmp_path: Path, head: str, words: str) -> None:
    """With what is wrong."""
    with pytest.raises(EditRefusedError, match=words):
        brought(tmp_path, head + "\n")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("status=closed", ("status", "closed")),
        ("status = a=b", ("status", " a=b")),
        ("custom_field_values[Rate [old] = x]=5", ("custom_field_values[Rate [old] = x]", "5")),
        ("custom_field_values[a=b]=c=[d]=e", ("custom_field_values[a=b]", "c=[d]=e")),
        ("custom_field_values[a ] b]=1", ("custom_field_values[a ] b]", "1")),
        ("custom_field_values[a [ b]=1", ("custom_field_values[a [ b]", "1")),
        ("phone_numbers[1].number=+1", ("phone_numbers[1].number", "+1")),
        ("phone_numbers[1]. number=+1", None),
        ("=x", None),
        ("status", None),
        ("custom_field_values[a", None),
    ],
)
def test_a_change_is_parted_at_its_equals_sign(text: str, parts: tuple[str, str] | None) -> None:
    """Not at one in the name of a custom field, which may hold brackets as well."""
    assert parted(text) == parts


def test_names_are_parted_at_commas() -> None:
    """Not at those in brackets."""
    assert listed("status, custom_field_values[a [b], c],id") == [
        "status",
        "custom_field_values[a [b], c]",
        "id",
    ]
