"""A text that Clio shows in several collections is hidden in all of them, by naming it once."""

from pathlib import Path

import pytest

from pipelines.config import SourceSettings
from pipelines.load import products
from sources.clio_http.catalog import read_catalog
from sources.clio_manage.settings import COPIES, SHOWN_AGAIN

CATALOG = read_catalog("clio_manage")


def names(**options: tuple[str, ...]) -> tuple[set[str], set[str]]:
    """Return the columns that are hashed, and those that are left out."""
    given = SourceSettings(**options)  # type: ignore[arg-type]
    found = (products.hashed(CATALOG, given), products.left_out(CATALOG, given))
    hashed, left_out = (
        {f"{table}.{one.name}" for table, columns in each.items() for one in columns}
        for each in found
    )
    return hashed, left_out


@pytest.mark.parametrize("column", sorted(COPIES))
def test_each_copy_is_a_column(column: str) -> None:
    """The list of copies names columns that are there, and that can be hashed."""
    hashed, left_out = names(hash_columns=(column,))
    assert {column, *COPIES[column]} <= hashed
    assert left_out == set()


def test_each_collection_that_shows_others_is_there() -> None:
    """The list of collections that show another one's records names such as are loaded."""
    assert {*SHOWN_AGAIN, *(name for again in SHOWN_AGAIN.values() for name in again)} <= set(
        CATALOG.loaded
    )


def test_the_same_columns_elsewhere() -> None:
    """A contact is shown by matters too, and the token's user once more alone."""
    hashed, left_out = names(hash_columns=("contacts.title",), exclude_columns=("users.email",))
    assert hashed == {
        "contacts.title",
        "matter_contacts.title",
        "matter_related_contacts.title",
    }
    assert left_out == {"users.email", "users_who_am_i.email"}


def test_what_each_list_has_of_its_own() -> None:
    """Stamps and versions are those of the list in which they stand."""
    assert names(exclude_columns=("contacts.updated_at",)) == (set(), {"contacts.updated_at"})


def test_a_copy_that_is_named_itself_is_hidden_once(tmp_path: Path) -> None:
    """Naming both is no error, and each column is hashed once."""
    options = SourceSettings(hash_columns=("contacts.name", "matter_contacts.name"))
    found = products.masks(CATALOG, options, tmp_path).columns["matter_contacts"]
    assert [column.name for column in found] == ["name"]
